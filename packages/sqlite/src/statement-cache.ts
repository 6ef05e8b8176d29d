import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Statements kept per connection; beyond it the least recently used one is dropped (a hot path has far fewer). */
const MAX_STATEMENTS = 512;

/** Prepared statements of one connection by their text, least recently used first out (D-34). */
export class StatementCache {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #inspect: ((sql: string) => void) | undefined;

  /** `inspect` sees each text once before it is prepared and may throw. */
  constructor(database: DatabaseSync, inspect?: (sql: string) => void) {
    this.#database = database;
    this.#inspect = inspect;
  }

  prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) {
      if (this.#statements.size > MAX_STATEMENTS / 2) {
        this.#statements.delete(sql);
        this.#statements.set(sql, known);
      }
      return known;
    }
    this.#inspect?.(sql);
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    if (this.#statements.size > MAX_STATEMENTS) {
      for (const oldest of this.#statements.keys()) {
        this.#statements.delete(oldest);
        break;
      }
    }
    return statement;
  }
}
