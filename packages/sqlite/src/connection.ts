import { DatabaseSync } from "node:sqlite";
import { HoldfastError, systemClock } from "@holdfast/kernel";
import { isBusy } from "./sqlite-error.ts";

/** 16 KB won by measurement (D-34). */
export const DEFAULT_PAGE_SIZE = 16_384;
/** ms a writer waits for a program outside Holdfast that holds the write lock. */
const WRITER_BUSY_MS = 5_000;
/** ms a read may wait; only recovery of the log makes a reader wait at all. */
const READER_BUSY_MS = 1_000;
/** ms between tries to enter WAL mode while another connection does the same (SQLite does not wait there by itself). */
const WAL_RETRY_MS = 20;
/** KiB of page cache per connection. mmap stays off: a bad sector must be an error, not a SIGBUS that kills the process. */
const WRITER_CACHE_KIB = 32_768;
const READER_CACHE_KIB = 16_384;
/** Bytes the log file is cut back to when it is reset (D-26 bounds it at 64 MB). */
const JOURNAL_SIZE_LIMIT = 16_777_216;

export type Synchronous = "FULL" | "NORMAL" | "OFF";
const SYNCHRONOUS_LEVEL = { OFF: 0, NORMAL: 1, FULL: 2 } as const;

/** The only connection that writes. Page size and auto_vacuum are set before WAL, where they would have no effect (D-34). */
export function openWriterConnection(path: string, pageSize: number, synchronous: Synchronous): DatabaseSync {
  const database = new DatabaseSync(path, {
    timeout: WRITER_BUSY_MS,
    enableForeignKeyConstraints: true,
    enableDoubleQuotedStringLiterals: false,
  });
  try {
    if (pragma(database, "page_count") === 0) {
      database.exec(`PRAGMA page_size = ${pageSize}`);
      database.exec("PRAGMA auto_vacuum = INCREMENTAL");
    }
    enterWal(database);
    database.exec(`PRAGMA synchronous = ${synchronous}`);
    database.exec("PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON");
    database.exec(`PRAGMA journal_size_limit = ${JOURNAL_SIZE_LIMIT}`);
    database.exec(
      `PRAGMA cache_size = -${WRITER_CACHE_KIB}; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY`,
    );
    // Checkpoints run between groups (wal-bound.ts), never inside a commit that somebody waits for.
    database.exec("PRAGMA wal_autocheckpoint = 0");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A connection that cannot write, for the calling thread or a reader thread. The writer must have opened the database before. */
export function openReaderConnection(path: string): DatabaseSync {
  const database = new DatabaseSync(path, {
    readOnly: true,
    timeout: READER_BUSY_MS,
    enableDoubleQuotedStringLiterals: false,
  });
  database.exec(`PRAGMA cache_size = -${READER_CACHE_KIB}; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY`);
  return database;
}

/** After the first write: drivers have been seen to change the level silently at that moment (D-34). */
export function verifySynchronous(database: DatabaseSync, synchronous: Synchronous): void {
  const actual = pragma(database, "synchronous");
  if (actual === SYNCHRONOUS_LEVEL[synchronous]) return;
  throw new HoldfastError(
    "STORAGE_UNAVAILABLE",
    `SQLite runs with synchronous=${String(actual)} although ${synchronous} was set; the store would not be durable.`,
  );
}

/** The single value of a pragma. `name` is one of this package's own words, never input. */
export function pragma(database: DatabaseSync, name: string): unknown {
  const row = database.prepare(`PRAGMA ${name}`).get();
  return row === undefined ? undefined : Object.values(row)[0];
}

function enterWal(database: DatabaseSync): void {
  const deadline = systemClock.monotonic() + WRITER_BUSY_MS;
  for (;;) {
    try {
      const mode = pragma(database, "journal_mode = WAL");
      if (mode === "wal") return;
      throw new HoldfastError(
        "STORAGE_UNAVAILABLE",
        `The database cannot use a write-ahead log (mode ${String(mode)}); its directory must be on a local, writable file system.`,
      );
    } catch (error) {
      if (!isBusy(error) || systemClock.monotonic() > deadline) throw error;
      pause(WAL_RETRY_MS);
    }
  }
}

/** Blocks this thread; for the bounded waits of opening only. */
export function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
