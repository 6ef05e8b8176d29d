import type { Reader, SqlValue, Tx } from "./contract.ts";

/** Reading, alike in the writer's transaction and on a reader, so that a row is turned into its API shape in one place. */
export type Sql = {
  get<T>(sql: string, ...params: SqlValue[]): T | undefined;
  all<T>(sql: string, ...params: SqlValue[]): T[];
};

/** A command's view of its transaction: reads that see its own writes, and bound writes (D-37). */
export type SqlWrite = Sql & {
  /** ms since the epoch, the same for the whole command. */
  readonly now: number;
  /** Runs a statement; answers how many rows it touched. */
  run(sql: string, ...params: SqlValue[]): number;
  /** Inserts a row; answers its rowid. */
  insert(sql: string, ...params: SqlValue[]): number;
};

export const readWith = (reader: Reader): Sql => ({
  get: (sql, ...params) => reader.get(sql, params),
  all: (sql, ...params) => reader.all(sql, params),
});

export const writeWith = (tx: Tx): SqlWrite => ({
  now: tx.now(),
  get: <T>(sql: string, ...params: SqlValue[]) => tx.prepare(sql).get(...params) as T | undefined,
  all: <T>(sql: string, ...params: SqlValue[]) => tx.prepare(sql).all(...params) as T[],
  run: (sql, ...params) => Number(tx.prepare(sql).run(...params).changes),
  insert: (sql, ...params) => Number(tx.prepare(sql).run(...params).lastInsertRowid),
});

/** How many rows a condition leaves of a table. */
export const countOf = (sql: Sql, from: string, ...params: SqlValue[]): number =>
  sql.get<{ n: number }>(`SELECT count(*) AS n FROM ${from}`, ...params)?.n ?? 0;
