import { createHash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
/**
 * Brings a database to the module's schema before anything else uses it (D-33): ordered, recorded with a checksum, each migration in one
 * transaction that also moves `user_version`, forward only. A changed, missing or newer migration is refused with its reason.
 */
import { type Clock, faultPoint, HoldfastError } from "@holdfast/kernel";
import type { Migration } from "./contract.ts";
import { keepCopy } from "./migration-copy.ts";

const LEDGER = `CREATE TABLE IF NOT EXISTS holdfast_migration (
  version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL
) STRICT`;

type Applied = { version: number; name: string; checksum: string };

/** Where a database lies; one in memory has no directory, and no copy is kept of it. */
type Place = { directory?: string; file: string };

/** Applies what is missing and returns the schema version. Safe against another process doing the same at once. */
export function migrate(
  database: DatabaseSync,
  place: Place,
  migrations: readonly Migration[],
  clock: Clock,
): number {
  checkOrder(migrations);
  checkOwnership(database, place.file);
  database.exec(LEDGER);
  const applied = readApplied(database);
  checkHistory(applied, migrations, place.file);
  const missing = migrations.filter((migration) => !applied.some((row) => row.version === migration.version));
  if (missing.length > 0) {
    const { directory, file } = place;
    if (applied.length > 0 && directory !== undefined)
      keepCopy(database, { directory, file }, applied.at(-1)?.version ?? 0, clock);
    database.exec("PRAGMA foreign_keys = OFF");
    try {
      for (const migration of missing) applyOne(database, migration, migrations, place.file, clock);
    } finally {
      database.exec("PRAGMA foreign_keys = ON");
    }
  }
  return migrations.at(-1)?.version ?? 0;
}

function applyOne(
  database: DatabaseSync,
  migration: Migration,
  migrations: readonly Migration[],
  file: string,
  clock: Clock,
): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    const applied = readApplied(database);
    checkHistory(applied, migrations, file);
    if (applied.some((row) => row.version === migration.version)) {
      database.exec("ROLLBACK");
      return;
    }
    faultPoint("migration.before");
    database.exec(migration.sql);
    if (!database.isTransaction) throw new Error(`Migration ${label(migration)} ended its transaction.`);
    if (database.prepare("PRAGMA foreign_key_check").get() !== undefined) {
      throw new Error(`Migration ${label(migration)} leaves rows that point to nothing.`);
    }
    database
      .prepare("INSERT INTO holdfast_migration (version, name, checksum, applied_at) VALUES (?, ?, ?, ?)")
      .run(migration.version, migration.name, checksum(migration), clock.now());
    database.exec(`PRAGMA user_version = ${migration.version}`);
    faultPoint("migration.applied");
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
  faultPoint("migration.after");
}

function readApplied(database: DatabaseSync): Applied[] {
  return database
    .prepare("SELECT version, name, checksum FROM holdfast_migration ORDER BY version")
    .all() as Applied[];
}

function checkOrder(migrations: readonly Migration[]): void {
  let last = 0;
  for (const migration of migrations) {
    if (!Number.isSafeInteger(migration.version) || migration.version <= last) {
      throw new Error(
        `Migration ${label(migration)} is out of order: versions are whole numbers that only grow.`,
      );
    }
    last = migration.version;
  }
}

function checkOwnership(database: DatabaseSync, file: string): void {
  const names = database.prepare("SELECT name FROM sqlite_schema").all();
  if (names.length > 0 && !names.some((row) => row["name"] === "holdfast_migration")) {
    throw refusal(`${file} is a database of another program; choose another directory.`);
  }
}

function checkHistory(applied: readonly Applied[], migrations: readonly Migration[], file: string): void {
  const newest = migrations.at(-1)?.version ?? 0;
  const reached = applied.at(-1)?.version ?? 0;
  if (reached > newest) {
    throw refusal(
      `${file} has schema version ${reached}, newer than the ${newest} this program knows; start the newer program.`,
    );
  }
  for (const migration of migrations) {
    const row = applied.find((candidate) => candidate.version === migration.version);
    if (row === undefined && migration.version < reached) {
      throw refusal(`${file} has schema version ${reached} but never got migration ${label(migration)}.`);
    }
    if (row !== undefined && row.checksum !== checksum(migration)) {
      throw refusal(
        `Migration ${label(migration)} was applied to ${file} with another text (checksum differs).`,
      );
    }
  }
  const unknown = applied.find((row) => !migrations.some((migration) => migration.version === row.version));
  if (unknown !== undefined) {
    throw refusal(`${file} has migration ${label(unknown)}, which this program does not know.`);
  }
}

function label(migration: { version: number; name: string }): string {
  return `${migration.version} (${migration.name})`;
}

function checksum(migration: Migration): string {
  return createHash("sha256").update(migration.sql).digest("hex");
}

function refusal(message: string): HoldfastError {
  return new HoldfastError("STORAGE_UNAVAILABLE", message);
}
