import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rehearsalBin } from "../src/index.ts";

export const FAULTY_BIN = fileURLToPath(new URL("./fixture/faulty.js", import.meta.url));

/** How long any one wait of these tests may take. */
export const DEADLINE_MS = 120_000;

/** A directory for one test, removed by `remove`. */
export type Scratch = { readonly home: string; readonly cwd: string; readonly remove: () => void };

export function scratch(): Scratch {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "rehearsal-")));
  const cwd = realpathSync(mkdtempSync(join(root, "cwd-")));
  return { home: join(root, "home"), cwd, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** Starts the agent (or the faulty one, when arguments are given) with its memory under `home`. */
export function startAgent(home: string, faultyArgs?: readonly string[]): ChildProcessWithoutNullStreams {
  const args = faultyArgs ? [FAULTY_BIN, ...faultyArgs] : [rehearsalBin];
  return spawn(process.execPath, args, { env: { ...process.env, REHEARSAL_HOME: home }, stdio: "pipe" });
}

/** Resolves with how the process ended. */
export function exitOf(
  child: ChildProcessWithoutNullStreams,
): Promise<{ code: number | null; signal: string | null }> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve({ code: child.exitCode, signal: child.signalCode });
  }
  return within(
    "the agent's exit",
    new Promise((resolve) => {
      child.once("exit", (code, signal) => resolve({ code, signal }));
    }),
  );
}

/** Kills the process if it still runs, and waits for its end. */
export async function kill(child: ChildProcessWithoutNullStreams): Promise<void> {
  const gone = exitOf(child);
  child.kill("SIGKILL");
  await gone;
}

/** The promise, or an error that names what did not come in time. */
export async function within<T>(what: string, promise: Promise<T>, ms = DEADLINE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The message of the error that a promise rejects with; `no failure` when it does not. */
export function failureOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "no failure",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

/** A list that can be waited on. */
export class Arrivals<T> {
  readonly all: T[] = [];
  readonly #waiting = new Set<() => void>();

  push(item: T): void {
    this.all.push(item);
    for (const look of this.#waiting) look();
  }

  /** The first item, at or after `from`, that the test accepts; waits for it. */
  async first(what: string, accepts: (item: T) => boolean, from = 0): Promise<T> {
    const found = Promise.withResolvers<T>();
    let at = from;
    const look = () => {
      for (; at < this.all.length; at += 1) {
        const item = this.all[at];
        if (item === undefined || !accepts(item)) continue;
        found.resolve(item);
        return;
      }
    };
    this.#waiting.add(look);
    look();
    try {
      return await within(what, found.promise);
    } finally {
      this.#waiting.delete(look);
    }
  }
}

/** True while a process of that id exists and is no zombie. */
export function isAlive(pid: number, readState: (pid: number) => string): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return readState(pid) !== "Z";
}
