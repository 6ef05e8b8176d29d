import { HoldfastError } from "@holdfast/kernel";

const CURSOR_LENGTH = 256;

/** An opaque cursor: a place, marked with what it is a place in. */
export function encodeCursor(kind: string, place: number | string): string {
  return Buffer.from(`${kind}.${place}`).toString("base64url");
}

/** The place of a cursor made by `encodeCursor` with the same kind, where there is one. Rejects CURSOR_INVALID, also when `parse` knows no such place. */
export function decodeCursor<P>(
  kind: string,
  text: string | undefined,
  parse: (place: string) => P | undefined,
): P | undefined {
  if (text === undefined) return undefined;
  const plain = text.length <= CURSOR_LENGTH ? Buffer.from(text, "base64url").toString() : "";
  const place = plain.startsWith(`${kind}.`) ? parse(plain.slice(kind.length + 1)) : undefined;
  if (place === undefined || Buffer.from(plain).toString("base64url") !== text)
    throw new HoldfastError("CURSOR_INVALID", "The cursor is not one that this server gave out.");
  return place;
}

/** What a list takes: `before` goes to older rows, `after` to newer ones; at most one of them. */
export type PageQuery = { limit: number; before?: string | undefined; after?: string | undefined };

export function refuseBothWays(query: PageQuery): void {
  if (query.before !== undefined && query.after !== undefined)
    throw new HoldfastError("INVALID_REQUEST", "A page goes one way: give before or after, not both.");
}
