/** Keys of providers are in nothing that the program says: whatever it was that brought them there, they are not stored. Pure. */
import { secretMask } from "@holdfast/kernel";
import { Complaint } from "./peer.ts";

/** Objects and lists inside of each other in what the program says: deeper ones would end whoever walks through them. */
const MAX_DEPTH = 200;

/** Takes the keys out of every text inside of a value. Throws a `Complaint` for one that is nested too deeply. */
export type DeepMask = <T>(value: T) => T;

export function deepMask(secrets: readonly string[]): DeepMask {
  const mask = secretMask(secrets);
  const masked = (value: unknown, depth: number): unknown => {
    if (typeof value === "string") return mask(value);
    if (typeof value !== "object" || value === null) return value;
    if (depth > MAX_DEPTH) throw new Complaint(`It wrote a value of more than ${MAX_DEPTH} levels.`);
    if (Array.isArray(value)) return value.map((each) => masked(each, depth + 1));
    return Object.fromEntries(
      Object.entries(value).map(([name, each]: [string, unknown]) => [
        name,
        // Content in base64 holds no key as it is.
        name === "data" && "mime" in value ? each : masked(each, depth + 1),
      ]),
    );
  };
  return <T>(value: T) => masked(value, 0) as T;
}
