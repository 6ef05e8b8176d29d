/**
 * capnweb leaves out members whose names every object has (`constructor`, `toString`, ...) and `toJSON`, without a word. What holds one, arguments and results alike, goes as
 * its JSON text instead, so that nothing is altered on the way.
 */
import { parseJson } from "@holdfast/edge";

/** Whether a value arrives as it is. */
export function survives(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every(survives);
  return Object.entries(value).every(
    ([name, member]) => !(name in Object.prototype) && name !== "toJSON" && survives(member),
  );
}

/** A value, or its JSON text. */
export const asSent = (value: unknown): unknown => (survives(value) ? value : JSON.stringify(value));

/** The one object of arguments as it was meant. Throws INVALID_REQUEST. */
export function asMeant(value: unknown): unknown {
  return typeof value === "string" ? parseJson(Buffer.from(value)) : value;
}
