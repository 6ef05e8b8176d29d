/**
 * The few files this package opens with `fs`. None of them is a database that a connection of this process has open: closing such a
 * file would drop SQLite's locks (D-17).
 */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";

const CHUNK_BYTES = 1_048_576;

/** Syncs a finished file, renames it and syncs the directory, so that after a power cut the target is whole or absent. */
export function moveSynced(partial: string, target: string): void {
  // oxlint-disable-next-line house/no-database-fs -- a finished copy, open nowhere
  const copy = openSync(partial, "r+");
  try {
    fsyncSync(copy);
  } finally {
    closeSync(copy);
  }
  renameSync(partial, target);
  syncDirectory(dirname(target));
}

/** Makes renames, creations and removals in the directory durable. Windows has no such call and needs none. */
export function syncDirectory(directory: string): void {
  if (process.platform === "win32") return;
  // oxlint-disable-next-line house/no-database-fs -- a directory
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Writes a small text file whole: partial file, sync, rename. */
export function writeSynced(path: string, text: string): void {
  const partial = `${path}.${process.pid}.partial`;
  // oxlint-disable-next-line house/no-database-fs -- a json or reserve file
  const handle = openSync(partial, "w", 0o600);
  try {
    writeSync(handle, text);
  } finally {
    closeSync(handle);
  }
  moveSynced(partial, path);
}

/** Writes a file of `bytes` zeros whose blocks are really taken, and syncs it. */
export function writeZeros(path: string, bytes: number): void {
  // oxlint-disable-next-line house/no-database-fs -- the reserve file
  const handle = openSync(path, "w", 0o600);
  try {
    const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, bytes));
    for (let left = bytes; left > 0;) left -= writeSync(handle, chunk, 0, Math.min(left, chunk.length));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
