import type { Reader, SqlValue, Tx } from "@holdfast/sqlite";

/** Reading, alike in the writer's transaction and on a reader, so that a row is turned into its API shape in one place. */
export type Sql = {
  get<T>(sql: string, ...params: SqlValue[]): T | undefined;
  all<T>(sql: string, ...params: SqlValue[]): T[];
};

/** A command's view of the store: reads that see its own writes, and bound writes (D-37). */
export type Write = Sql & {
  readonly tx: Tx;
  readonly now: number;
  /** Runs a statement; answers how many rows it touched. */
  run(sql: string, ...params: SqlValue[]): number;
  /** Inserts a row; answers its rowid. */
  insert(sql: string, ...params: SqlValue[]): number;
};

export function readWith(reader: Reader): Sql {
  return {
    get: (sql, ...params) => reader.get(sql, params),
    all: (sql, ...params) => reader.all(sql, params),
  };
}

export function writeWith(tx: Tx): Write {
  return {
    tx,
    now: tx.now(),
    get: <T>(sql: string, ...params: SqlValue[]) => tx.prepare(sql).get(...params) as T | undefined,
    all: <T>(sql: string, ...params: SqlValue[]) => tx.prepare(sql).all(...params) as T[],
    run: (sql, ...params) => Number(tx.prepare(sql).run(...params).changes),
    insert: (sql, ...params) => Number(tx.prepare(sql).run(...params).lastInsertRowid),
  };
}

/** How many rows a condition leaves of a table. */
export const countOf = (sql: Sql, from: string, ...params: SqlValue[]): number =>
  sql.get<{ n: number }>(`SELECT count(*) AS n FROM ${from}`, ...params)?.n ?? 0;

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
