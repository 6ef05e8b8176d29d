/**
 * What a database holds, put into another one of the same schema. Its own statements stay prepared: over `deserialize` they do not, nor over a pragma that
 * turns foreign keys off. So rows go before those that they name, and come behind them; where two tables name each other, one of them names nothing first.
 */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { StatementCache } from "./statement-cache.ts";

type Table = {
  name: string;
  /** Tables that its rows name, and the columns that may name none. */
  names: { table: string; column: string; isLoose: boolean }[];
  /** Columns by which it names a table that goes before it. */
  loose: string[];
  put: string;
  rows: SQLInputValue[][];
};

/** Tables of each database that was read, those that name others first. */
const READ = new WeakMap<Uint8Array, readonly Table[]>();

/** Replaces every row by those of a database as `serialize` gave it. Throws, with nothing changed, where tables must name each other in a circle. */
export function load(database: DatabaseSync, statements: StatementCache, bytes: Uint8Array): void {
  const tables = READ.get(bytes) ?? tablesOf(bytes);
  READ.set(bytes, tables);
  database.exec("BEGIN IMMEDIATE");
  try {
    const full = tables.filter(({ name }) => statements.prepare(`SELECT 1 FROM ${name} LIMIT 1`).get());
    for (const { name, loose } of full)
      if (loose.length > 0)
        statements
          .prepare(`UPDATE ${name} SET ${loose.map((column) => `${column} = NULL`).join(", ")}`)
          .run();
    for (const { name } of full) statements.prepare(`DELETE FROM ${name}`).run();
    for (const { put, rows } of tables.toReversed())
      for (const row of rows) statements.prepare(put).run(...row);
    database.exec("COMMIT");
  } finally {
    if (database.isTransaction) database.exec("ROLLBACK");
  }
}

/** `sqlite_sequence` is among them, and the last to be written: numbers that were given are given again. */
function tablesOf(bytes: Uint8Array): Table[] {
  using source = new DatabaseSync(":memory:");
  source.deserialize(bytes);
  const found = source
    .prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name = 'sqlite_sequence' DESC, name",
    )
    .all()
    .map(({ name }) => tableOf(source, String(name)));
  const ordered: Table[] = [];
  while (found.length > 0) {
    const namings = ({ name }: Table, mayBeLoose: boolean) =>
      found.filter(
        (other) =>
          other.name !== name &&
          other.names.some(({ table, isLoose }) => table === name && !(mayBeLoose && isLoose)),
      );
    const next =
      found.find((table) => namings(table, false).length === 0) ??
      found.find((table) => namings(table, true).length === 0);
    if (next === undefined) throw new Error("Tables name each other in a circle.");
    for (const other of namings(next, false))
      other.loose.push(...other.names.filter(({ table }) => table === next.name).map(({ column }) => column));
    found.splice(found.indexOf(next), 1);
    ordered.push(next);
  }
  return ordered;
}

function tableOf(source: DatabaseSync, bare: string): Table {
  const name = `"${bare}"`;
  const required = new Map(
    source
      .prepare('SELECT name, "notnull" OR pk > 0 AS required FROM pragma_table_info(?)')
      .all(bare)
      .map((column) => [column["name"], column["required"] === 1]),
  );
  const keys = source.prepare('SELECT "from", "table" FROM pragma_foreign_key_list(?)').all(bare);
  const select = source.prepare(`SELECT * FROM ${name}`);
  select.setReturnArrays(true);
  return {
    name,
    names: keys.map(({ from, table }) => ({
      table: `"${String(table)}"`,
      column: `"${String(from)}"`,
      isLoose: required.get(from) !== true,
    })),
    loose: [],
    put: `INSERT INTO ${name} VALUES (${select
      .columns()
      .map(() => "?")
      .join(", ")})`,
    rows: select.all() as unknown as SQLInputValue[][],
  };
}
