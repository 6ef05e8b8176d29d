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

/** The first `limit` of rows of which one more was read, and where the next page begins. */
export function pageOf<R extends { rid: number }, T>(
  rows: readonly R[],
  limit: number,
  show: (row: R) => T,
): { items: T[]; next?: string } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const items = shown.map((row) => show(row));
  return rows.length > limit && last !== undefined ? { items, next: String(last.rid) } : { items };
}

export const cursorInvalid = (): HoldfastError =>
  new HoldfastError("CURSOR_INVALID", "The cursor is not one that this service gave out.");
