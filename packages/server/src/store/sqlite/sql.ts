import { type SqlWrite, type Tx, writeWith as writeInto } from "@holdfast/sqlite";

export { countOf, readWith, type Sql } from "@holdfast/sqlite";

/** A command's view of the store: that of its transaction, and the transaction itself. */
export type Write = SqlWrite & { readonly tx: Tx };

export const writeWith = (tx: Tx): Write => ({ tx, ...writeInto(tx) });

/** JSON of a value for a nullable column. */
export const toJson = (value: unknown): string | null =>
  value === undefined || value === null ? null : JSON.stringify(value);

/** A nullable JSON column. Its inside was validated when it was written. */
export const fromJson = <T>(text: string | null): T | undefined =>
  text === null ? undefined : (JSON.parse(text) as T);

/** Drops keys whose value is null or undefined: what is absent in the API is NULL in a row. */
export function present<T extends object>(value: { [K in keyof T]: T[K] | null | undefined }): T {
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) if (item !== null && item !== undefined) out[key] = item;
  return out as T;
}
