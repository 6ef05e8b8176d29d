/**
 * One process per data directory (D-17): an exclusive transaction on `<directory>/server.lock`, a SQLite file of its own, held open for
 * the process's life. The kernel drops it at any death, so there is nothing to clean up and no clock to trust. Who holds it stands beside
 * it in `server.lock.json`, which is no database and may be read by anyone.
 */
import { rmSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pause } from "./connection.ts";
import { isAlive } from "./migration-copy.ts";
import { isBusy } from "./sqlite-error.ts";
import { writeSynced } from "./synced-file.ts";

/** Tries, and ms between them, to read the owner's facts when it has only just taken the lock. */
const OWNER_TRIES = 25;
const OWNER_RETRY_MS = 20;

/**
 * Facts of the process that holds a directory; `startTime` in ms since the epoch. A server tells `processStart` too, as the system's process table has it:
 * whoever would stop the server makes sure by it that the pid is still its own (I-24).
 */
export type DirectoryOwner = { pid: number; host: string; startTime: number; processStart?: string };

/** Held until `release`, or until the process ends in whatever way. */
export type DirectoryLock = { release(): void };

/** Another process holds the directory. `owner` is undefined when it could not say who it is. */
export class DirectoryLockedError extends Error {
  readonly directory: string;
  readonly owner: DirectoryOwner | undefined;

  constructor(directory: string, owner: DirectoryOwner | undefined) {
    const who =
      owner === undefined
        ? "another process"
        : `process ${owner.pid} on ${owner.host}, started ${new Date(owner.startTime).toISOString()}`;
    super(`${directory} is in use by ${who}; stop it first or use another directory.`);
    this.name = "DirectoryLockedError";
    this.directory = directory;
    this.owner = owner;
  }
}

/** Held here too: a connection that nobody refers to is closed by the garbage collector, and its lock with it. */
const held = new Set<DatabaseSync>();

/** Takes the directory for this process, at once or not at all: throws DirectoryLockedError. The directory must exist. */
export function lockDirectory(directory: string, owner: DirectoryOwner): DirectoryLock {
  const facts = join(directory, "server.lock.json");
  const database = new DatabaseSync(join(directory, "server.lock"), { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    throw isBusy(error) ? new DirectoryLockedError(directory, readOwner(facts, owner.host)) : error;
  }
  try {
    writeSynced(facts, JSON.stringify(owner));
  } catch (error) {
    database.close();
    throw error;
  }
  held.add(database);
  return {
    release() {
      if (!held.delete(database)) return;
      rmSync(facts, { force: true });
      database.close();
    },
  };
}

/** A dead pid of this host is the previous owner's: the new one is about to write its own. */
function readOwner(facts: string, host: string): DirectoryOwner | undefined {
  for (let attempt = 0; attempt < OWNER_TRIES; attempt += 1) {
    const owner = parseOwner(facts);
    if (owner !== undefined && (owner.host !== host || isAlive(owner.pid))) return owner;
    pause(OWNER_RETRY_MS);
  }
  return undefined;
}

function parseOwner(facts: string): DirectoryOwner | undefined {
  try {
    // oxlint-disable-next-line house/no-database-fs -- the json beside the lock, not the lock
    const value: unknown = JSON.parse(readFileSync(facts, "utf8"));
    if (typeof value !== "object" || value === null) return undefined;
    const { pid, host, startTime } = value as Record<string, unknown>;
    if (typeof pid !== "number" || typeof host !== "string" || typeof startTime !== "number")
      return undefined;
    return { pid, host, startTime };
  } catch {
    return undefined;
  }
}
