import { readdirSync, rmSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { threadId } from "node:worker_threads";
import { type Clock, HoldfastError } from "@holdfast/kernel";
import { pragma } from "./connection.ts";
import { moveSynced } from "./synced-file.ts";

/** D-33: a copy made before a migration is kept 7 days. */
const COPY_AGE_MS = 7 * 24 * 60 * 60 * 1000;
/** Bytes that stay free beside the copy, for the migration itself. */
const SPARE_BYTES = 16_777_216;

/** Copies the database to `<file>.v<version>.copy` before a migration; refused when the disk has no room for it (D-33). */
export function keepCopy(
  database: DatabaseSync,
  place: { directory: string; file: string },
  version: number,
  clock: Clock,
  freeBytes: (directory: string) => number = bytesFree,
): void {
  dropOldCopies(place, clock);
  const pages = Number(pragma(database, "page_count")) - Number(pragma(database, "freelist_count"));
  const needed = pages * Number(pragma(database, "page_size")) + SPARE_BYTES;
  const free = freeBytes(place.directory);
  if (free < needed) {
    throw new HoldfastError(
      "STORAGE_UNAVAILABLE",
      `Migrating ${place.file} needs ${needed} free bytes for a copy, and ${free} are free in its directory.`,
    );
  }
  copyDatabase(database, join(place.directory, `${place.file}.v${version}.copy`));
}

/** Writes a consistent copy next to `target`, syncs it and renames it into place. Runs on any connection outside a transaction. */
export function copyDatabase(database: DatabaseSync, target: string): void {
  const partial = `${target}.${process.pid}-${threadId}.partial`;
  rmSync(partial, { force: true });
  try {
    database.prepare("VACUUM INTO ?").run(partial);
    moveSynced(partial, target);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

/** Removes copies older than 7 days, and unfinished ones of processes that are gone. */
export function dropOldCopies(place: { directory: string; file: string }, clock: Clock): void {
  const oldest = clock.now() - COPY_AGE_MS;
  for (const name of readdirSync(place.directory)) {
    if (!name.startsWith(`${place.file}.v`)) continue;
    const match = /^\.v\d+\.copy(?:\.(\d+)-\d+\.partial)?$/.exec(name.slice(place.file.length));
    if (match === null) continue;
    const path = join(place.directory, name);
    const owner = match[1] === undefined ? undefined : Number(match[1]);
    const stale =
      owner === undefined
        ? (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? oldest) < oldest
        : owner !== process.pid && !isAlive(owner);
    if (stale) rmSync(path, { force: true });
  }
}

/** True while a process of this id exists on this machine, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Bytes an ordinary program may still write to the file system of a directory. */
export function bytesFree(directory: string): number {
  const disk = statfsSync(directory);
  return disk.bavail * disk.bsize;
}
