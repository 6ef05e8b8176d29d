import { hostname } from "node:os";
import { systemClock } from "@holdfast/kernel";
import type { Diagnostics } from "@holdfast/protocol";
import { lockDirectory } from "@holdfast/sqlite";
import { openSqliteStore } from "../store/sqlite/index.ts";

/**
 * Looks at a data directory that no server uses, for `holdfast doctor` (D-38). Takes the directory's lock for the time: throws DirectoryLockedError when
 * a server has it. Repairs nothing.
 */
export async function inspectDataDirectory(directory: string): Promise<Diagnostics> {
  const lock = lockDirectory(directory, { pid: process.pid, host: hostname(), startTime: systemClock.now() });
  try {
    const store = await openSqliteStore({ directory });
    try {
      return await store.inspect();
    } finally {
      await store.close();
    }
  } finally {
    lock.release();
  }
}
