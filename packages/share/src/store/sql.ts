import { type Sql, type SqlWrite, type Tx, writeWith as writeInto } from "@holdfast/sqlite";
import type { ShareNote } from "./note.ts";

export { countOf, readWith, type Sql } from "@holdfast/sqlite";

/** A command's view of the store: that of its transaction, and what goes out after the commit. */
export type Write = SqlWrite & { emit(note: ShareNote): void };

export const writeWith = (tx: Tx): Write => ({ emit: (note) => tx.emit(note), ...writeInto(tx) });

export const storeIdOf = (sql: Sql): string =>
  sql.get<{ value: string }>("SELECT value FROM meta WHERE key = 'store_id'")?.value ?? "";
