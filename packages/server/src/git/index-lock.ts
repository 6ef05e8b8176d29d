/**
 * `index.lock` of a worktree of ours (W-14). Whoever holds it is waited for. One that a killed git left behind stops every later git command
 * of the agent there, so it goes, but only when it stayed the same all the while and no process has it open.
 */
import { lstat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, wait } from "@holdfast/kernel";
import { isFileOpen } from "../process/index.ts";

/** How long a lock must stay the same, in ms, and the spacing of looks. */
const INDEX_LOCK_MS = 5_000;
const LOOK_MS = 100;

/** `clear`: there is none. `removed`: a dead one's went. `held`: somebody works there, or it cannot be told whether nobody does. */
export type IndexLock = "clear" | "removed" | "held";

/** Waits up to `waitMs` for the lock of the index in `admin`, git's directory of one of our worktrees. */
export async function settleIndexLock(
  admin: string,
  clock: Clock,
  waitMs = INDEX_LOCK_MS,
): Promise<IndexLock> {
  const file = join(admin, "index.lock");
  const first = await identityOf(file);
  if (first === undefined) return "clear";
  const end = clock.monotonic() + waitMs;
  while (clock.monotonic() < end) {
    await wait(clock, LOOK_MS);
    const now = await identityOf(file);
    if (now === undefined) return "clear";
    if (now !== first) return "held";
  }
  if ((await isFileOpen(file)) !== false || (await identityOf(file)) !== first) return "held";
  await unlink(file).catch(() => undefined);
  return "removed";
}

/** What would change when another process made the lock, or wrote to it. */
async function identityOf(file: string): Promise<string | undefined> {
  const found = await lstat(file, { bigint: true }).catch(() => undefined);
  return found && `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}`;
}
