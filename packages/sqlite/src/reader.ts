import type { DatabaseSync } from "node:sqlite";
import type { Reader } from "./contract.ts";
import { StatementCache } from "./statement-cache.ts";

/** A Reader on a connection that the caller owns and closes. */
export function readerOn(database: DatabaseSync, statements = new StatementCache(database)): Reader {
  let depth = 0;
  return {
    all: <T>(sql: string, params: readonly unknown[] = []) =>
      statements.prepare(sql).all(...(params as never[])) as T[],
    get: <T>(sql: string, params: readonly unknown[] = []) =>
      statements.prepare(sql).get(...(params as never[])) as T | undefined,
    snapshot(work) {
      if (depth > 0) return refusePromise(work());
      statements.prepare("BEGIN").run();
      depth = 1;
      try {
        return refusePromise(work());
      } finally {
        depth = 0;
        // ROLLBACK and COMMIT are the same to a transaction that only read; this one also works after a failed read.
        if (database.isTransaction) statements.prepare("ROLLBACK").run();
      }
    },
  };
}

function refusePromise<T>(value: T): T {
  if (!(value instanceof Promise)) return value;
  value.catch(() => undefined);
  throw new TypeError("A snapshot cannot be held across an await.");
}
