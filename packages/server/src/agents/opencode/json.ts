/** Readers of what opencode sent: nothing of it is trusted to have the shape that its types promise. */
export type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object, or an empty one. */
export function object(value: unknown): Json {
  return isObject(value) ? value : {};
}

/** The text, or `undefined`. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The objects of a list; anything else is left out. */
export function objects(value: unknown): Json[] {
  return (Array.isArray(value) ? value : []).filter(isObject);
}

/** A count that was reported: a whole number from 0. */
export function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
