/** How much room worktrees take on disk: measured in the background, one at a time, and told by the row's event when it changed. */
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, errorText } from "@holdfast/kernel";
import type { Worktree, WorktreeId } from "@holdfast/protocol";
import { WORKTREE_ACTOR, type WorktreesDeps } from "./deps.ts";

/** A figure is not measured again before this, in ms. */
const FRESH_MS = 60_000;
/** Where a measurement gives up: a tree of so many entries, or so many ms. Its size is not told then. */
const MAX_ENTRIES = 2_000_000;
const DEADLINE_MS = 60_000;
/** `stat` counts blocks of 512 bytes whatever the file system's are (POSIX). */
const BLOCK_BYTES = 512;

type SizesDeps = Pick<WorktreesDeps, "store" | "clock" | "logger"> & { stopping: AbortSignal };

export class Sizes {
  readonly #deps: SizesDeps;
  readonly #measured = new Map<WorktreeId, number>();
  #work: Promise<void> = Promise.resolve();

  constructor(deps: SizesDeps) {
    this.#deps = deps;
  }

  /** Measures those that stand on the disk and were not measured lately. Resolves when that is done; never rejects. */
  refresh(worktrees: readonly Worktree[]): Promise<void> {
    const now = this.#deps.clock.monotonic();
    for (const worktree of worktrees) {
      const { id, state } = worktree;
      const last = this.#measured.get(id);
      if (state !== "active" && state !== "archived") this.#measured.delete(id);
      else if (last === undefined || now - last >= FRESH_MS) {
        this.#measured.set(id, now);
        this.#work = this.#work.then(() => this.#measure(worktree));
      }
    }
    return this.#work;
  }

  async #measure({ id, path }: Worktree): Promise<void> {
    const { store, clock, logger, stopping } = this.#deps;
    try {
      const size = await sizeOnDisk(path, clock, stopping);
      const worktree = await store.getWorktree(id);
      if (size === undefined || stopping.aborted || worktree === undefined || worktree.size === size) return;
      if (worktree.state !== "active" && worktree.state !== "archived") return;
      await store.patchWorktree({ worktreeId: id, patch: { size }, actor: WORKTREE_ACTOR });
    } catch (error) {
      logger.debug({ worktreeId: id, error: errorText(error) }, "a worktree could not be measured");
    }
  }
}

/** Bytes that a directory takes, links not followed; `undefined` beyond the limits or once the signal aborts. Rejects when the directory cannot be read. */
export async function sizeOnDisk(
  directory: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<number | undefined> {
  const end = clock.monotonic() + DEADLINE_MS;
  const pending = [directory];
  let entries = 0;
  let blocks = (await lstat(directory)).blocks;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (signal.aborted || clock.monotonic() > end) return undefined;
    const opened = await opendir(next).catch(goneOrNot(next === directory));
    if (opened === undefined) continue;
    for await (const entry of opened) {
      entries += 1;
      if (entries > MAX_ENTRIES) return undefined;
      const path = join(next, entry.name);
      blocks += (await lstat(path).catch(goneOrNot(false)))?.blocks ?? 0;
      if (entry.isDirectory()) pending.push(path);
    }
  }
  return blocks * BLOCK_BYTES;
}

/** What goes away while it is looked at counts nothing, unless it is the whole. */
function goneOrNot(isWhole: boolean): (error: unknown) => undefined {
  return (error) => {
    if (isWhole) throw error;
    return undefined;
  };
}
