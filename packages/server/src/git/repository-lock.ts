/**
 * One change of a repository's worktrees at a time (W-2): a queue in this process, and a lock file in the common directory between processes.
 *
 * The file is made whole or not at all (written aside, then linked), names its owner by pid and start, and is taken from an owner that is dead;
 * whoever takes it holds a second file meanwhile, so that two never take it from each other. Waiting ends (WORKSPACE_BUSY).
 */
import { link, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { type Clock, HoldfastError, randomHex, wait } from "@holdfast/kernel";

/** How long to wait for another owner, in ms: the longest checkout of a new worktree, twice. */
export const LOCK_WAIT_MS = 1_200_000;
const LOOK_MS = 50;
/** A file of somebody who was taking the lock over, or one that names nobody, is from a dead one after this; the act takes less than a millisecond. */
const TAKING_MS = 10_000;
export const LOCK_FILE = "holdfast.lock";

type Owner = { pid: number; startTime: string; host: string; nonce: string };

export type RepositoryLockDeps = {
  clock: Clock;
  startTime(pid: number): Promise<string | undefined>;
  waitMs?: number;
};

export class RepositoryLocks {
  readonly #deps: RepositoryLockDeps;
  /** The end of the queue of each repository. */
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(deps: RepositoryLockDeps) {
    this.#deps = deps;
  }

  /** Runs `work` while nobody else changes worktrees of the repository. Rejects WORKSPACE_BUSY when another process does not let go. */
  async hold<T>(commonDirectory: string, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(commonDirectory) ?? Promise.resolve();
    const turn = before.then(() => this.#locked(commonDirectory, work));
    const settled = turn.catch(() => undefined);
    this.#queues.set(commonDirectory, settled);
    try {
      return await turn;
    } finally {
      if (this.#queues.get(commonDirectory) === settled) this.#queues.delete(commonDirectory);
    }
  }

  async #locked<T>(commonDirectory: string, work: () => Promise<T>): Promise<T> {
    const file = join(commonDirectory, LOCK_FILE);
    const nonce = await this.#take(file);
    try {
      return await work();
    } finally {
      if ((await readOwner(file))?.nonce === nonce) await rm(file, { force: true });
    }
  }

  async #take(file: string): Promise<string> {
    const { clock, waitMs = LOCK_WAIT_MS } = this.#deps;
    const nonce = randomHex(8);
    const owner: Owner = {
      pid: process.pid,
      startTime: (await this.#deps.startTime(process.pid)) ?? "",
      host: hostname(),
      nonce,
    };
    const own = `${file}.${nonce}`;
    await writeSynced(own, JSON.stringify(owner));
    try {
      const end = clock.monotonic() + waitMs;
      for (;;) {
        if (await tryLink(own, file)) return nonce;
        const holder = await readOwner(file);
        if (holder !== undefined ? !(await this.#lives(holder)) : await isBroken(file, clock.now()))
          await removeDead(file, holder?.nonce, clock.now());
        else if (clock.monotonic() > end) throw busy(file, holder);
        else await wait(clock, LOOK_MS);
      }
    } finally {
      await rm(own, { force: true });
    }
  }

  /** An owner on another machine cannot be asked, so it lives. */
  async #lives(owner: Owner): Promise<boolean> {
    if (owner.host !== hostname()) return true;
    const started = await this.#deps.startTime(owner.pid);
    return started !== undefined && (owner.startTime === "" || started === owner.startTime);
  }
}

/** A file that names nobody, and did not just come: no owner makes one, but a loss of power may leave one. */
async function isBroken(file: string, now: number): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found !== undefined && now - found.mtimeMs > TAKING_MS;
}

/** On the disk before it is linked, so that no lock without its owner outlives a loss of power. */
async function writeSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, "wx");
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes the file of a dead owner, or one that names nobody, unless somebody else does so or it is another owner's by now. */
async function removeDead(file: string, nonce: string | undefined, now: number): Promise<void> {
  const taking = `${file}.taking`;
  try {
    await writeFile(taking, "", { flag: "wx" });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    const since = await stat(taking).catch(() => undefined);
    if (since !== undefined && now - since.mtimeMs > TAKING_MS) await rm(taking, { force: true });
    return;
  }
  try {
    if ((await readOwner(file))?.nonce === nonce) await rm(file, { force: true });
  } finally {
    await rm(taking, { force: true });
  }
}

async function tryLink(own: string, file: string): Promise<boolean> {
  try {
    await link(own, file);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Owner;
  } catch {
    return undefined;
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

function busy(file: string, holder: Owner | undefined): HoldfastError {
  const who = holder === undefined ? "somebody" : `process ${holder.pid} on ${holder.host}`;
  return new HoldfastError(
    "WORKSPACE_BUSY",
    `The worktrees of this repository are being changed by ${who}, who did not finish in time (${file}).`,
    { data: { holder: holder === undefined ? "unknown" : `${holder.pid}@${holder.host}` } },
  );
}
