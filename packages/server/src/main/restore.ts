import { cpSync, existsSync, mkdirSync, realpathSync, renameSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { systemClock } from "@holdfast/kernel";
import type { Actor } from "@holdfast/protocol";
import { lockDirectory } from "@holdfast/sqlite";
import { DATABASE_FILE, openSqliteStore } from "../store/sqlite/index.ts";

const RESTORER: Actor = { id: "system:restore", kind: "system", label: "restore" };

/** What a database consists of, and what the database names. */
const DATABASE_FILES = [DATABASE_FILE, `${DATABASE_FILE}-wal`];
const BLOBS = "blobs";

export type Restored = {
  /** Refs that ended, and shares that may be taken over once. */
  refs: number;
  shares: number;
  /** Where the database that was there before is now. */
  kept?: string;
};

/**
 * Makes a data directory that of a restored store (S-23, S-24, D-38). With `from`, a copy of a data directory that was taken while no server used it, its database
 * takes the place of the one that is here, which is kept beside; without, what is here was put back already by whatever made the copy. Throws
 * DirectoryLockedError while a server has the directory, and an Error when `from` holds no database.
 */
export async function restoreDataDirectory(directory: string, from?: string): Promise<Restored> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const now = systemClock.now();
  const lock = lockDirectory(directory, { pid: process.pid, host: hostname(), startTime: now });
  try {
    const kept = from === undefined ? undefined : replaceDatabase(directory, from, now);
    if (!existsSync(join(directory, DATABASE_FILE)))
      throw new Error(`${directory} holds no ${DATABASE_FILE} that was restored.`);
    const store = await openSqliteStore({ directory });
    try {
      const marked = await store.markRestored({ actor: RESTORER });
      return kept === undefined ? marked : { ...marked, kept };
    } finally {
      await store.close();
    }
  } finally {
    lock.release();
  }
}

/** Blobs first: they are named by their content, and more of them do no harm. Answers where the old database is, if there was one. */
function replaceDatabase(directory: string, from: string, now: number): string | undefined {
  if (existsSync(from) && realpathSync(from) === realpathSync(directory))
    throw new Error(`${from} is the data directory itself. Leave --from out.`);
  if (!existsSync(join(from, DATABASE_FILE))) throw new Error(`${from} holds no ${DATABASE_FILE}.`);
  if (existsSync(join(from, BLOBS)))
    cpSync(join(from, BLOBS), join(directory, BLOBS), { recursive: true, force: false });
  const aside = join(directory, `before-restore-${now}`);
  const isThere = existsSync(join(directory, DATABASE_FILE));
  mkdirSync(aside, { mode: 0o700 });
  for (const file of [...DATABASE_FILES, `${DATABASE_FILE}-shm`])
    if (existsSync(join(directory, file))) renameSync(join(directory, file), join(aside, file));
  for (const file of DATABASE_FILES)
    if (existsSync(join(from, file))) cpSync(join(from, file), join(directory, file));
  return isThere ? aside : undefined;
}
