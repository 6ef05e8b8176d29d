/** Keys of providers are in nothing that the program says: whatever it was that brought them there, they are not stored. Pure. */
import { secretMask } from "@holdfast/kernel";

/** Takes the keys out of every text inside of a value. */
export type DeepMask = <T>(value: T) => T;

export function deepMask(secrets: readonly string[]): DeepMask {
  if (secrets.length === 0) return (value) => value;
  const mask = secretMask(secrets);
  const masked = (value: unknown): unknown => {
    if (typeof value === "string") return mask(value);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(masked);
    return Object.fromEntries(
      Object.entries(value).map(([name, each]: [string, unknown]) => [
        name,
        // Content in base64 holds no key as it is.
        name === "data" && "mime" in value ? each : masked(each),
      ]),
    );
  };
  return <T>(value: T) => masked(value) as T;
}
