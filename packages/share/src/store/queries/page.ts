import { HoldfastError, parseCount } from "@holdfast/kernel";

const LIMIT = 50;

export const limitOf = (limit: number | undefined): number => limit ?? LIMIT;

/** A place in what is listed newest first; without one, from the newest. Throws CURSOR_INVALID. */
export function countCursor(text: string | undefined): number {
  if (text === undefined) return Number.MAX_SAFE_INTEGER;
  const count = parseCount(text);
  if (count === undefined) throw cursorInvalid();
  return count;
}

export const cursorInvalid = (): HoldfastError =>
  new HoldfastError("CURSOR_INVALID", "The cursor is not one that this service gave out.");
