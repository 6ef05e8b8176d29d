import type { Reader, SqlValue, Tx } from "@holdfast/sqlite";
import type { ShareNote } from "./note.ts";

/** Reading, alike in the writer's transaction and on a reader. */
export type Sql = {
  get<T>(sql: string, ...params: SqlValue[]): T | undefined;
  all<T>(sql: string, ...params: SqlValue[]): T[];
};

/** A command's view of the store: it reads its own writes. */
export type Write = Sql & {
  /** ms since the epoch. */
  readonly now: number;
  /** Goes out after the commit. */
  emit(note: ShareNote): void;
  /** Answers how many rows a statement touched. */
  run(sql: string, ...params: SqlValue[]): number;
  /** Answers the rowid of what was inserted. */
  insert(sql: string, ...params: SqlValue[]): number;
};

export const readWith = (reader: Reader): Sql => ({
  get: (sql, ...params) => reader.get(sql, params),
  all: (sql, ...params) => reader.all(sql, params),
});

export const writeWith = (tx: Tx): Write => ({
  now: tx.now(),
  emit: (note) => tx.emit(note),
  get: <T>(sql: string, ...params: SqlValue[]) => tx.prepare(sql).get(...params) as T | undefined,
  all: <T>(sql: string, ...params: SqlValue[]) => tx.prepare(sql).all(...params) as T[],
  run: (sql, ...params) => Number(tx.prepare(sql).run(...params).changes),
  insert: (sql, ...params) => Number(tx.prepare(sql).run(...params).lastInsertRowid),
});

export const storeIdOf = (sql: Sql): string =>
  sql.get<{ value: string }>("SELECT value FROM meta WHERE key = 'store_id'")?.value ?? "";
