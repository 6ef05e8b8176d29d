import { HoldfastError } from "@holdfast/kernel";

const CURSOR_LENGTH = 256;

/** An opaque cursor that holds the numbers of a keyset, marked with what it is a place in. */
export function encodeCursor(kind: string, numbers: readonly number[]): string {
  return Buffer.from([kind, ...numbers].join(".")).toString("base64url");
}

/** The numbers of a cursor made by `encodeCursor` with the same kind. Rejects CURSOR_INVALID. */
export function decodeCursor(kind: string, text: string, count: number): number[] {
  const plain = text.length <= CURSOR_LENGTH ? Buffer.from(text, "base64url").toString() : "";
  const [head, ...rest] = plain.split(".");
  const numbers = rest.map((digits) => (/^\d{1,16}$/.test(digits) ? Number(digits) : Number.NaN));
  const isOurs = head === kind && numbers.length === count && numbers.every(Number.isSafeInteger);
  if (!isOurs || Buffer.from(plain).toString("base64url") !== text)
    throw new HoldfastError("CURSOR_INVALID", "The cursor is not one that this server gave out.");
  return numbers;
}

/** What a list takes: `before` goes to older rows, `after` to newer ones; at most one of them. */
export type PageQuery = { limit: number; before?: string | undefined; after?: string | undefined };

export function refuseBothWays(query: PageQuery): void {
  if (query.before !== undefined && query.after !== undefined)
    throw new HoldfastError("INVALID_REQUEST", "A page goes one way: give before or after, not both.");
}
