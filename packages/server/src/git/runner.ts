/**
 * The one way in which the program runs git (W-14): optional locks off, a fixed locale, no prompt, editor, pager, hook or background gc, a deadline
 * with the end of the whole process group, bounded output, a bounded number of processes, and all configuration pinned that it is read by. Of the server's own `GIT_*` variables only those reach it that say where the user's configuration is and how far up a repository is looked for.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type Clock, type Logger, storageRefusal, Tail, toldStorageRefusal, within } from "@holdfast/kernel";
import { endGroup } from "../process/index.ts";
import { GitError } from "./git-error.ts";
import { PINNED_ARGS } from "./pinned-config.ts";
import { PlacesInLine } from "./places-in-line.ts";

/** Processes of git at once (W-14: bounded concurrency). */
export const GIT_PROCESSES = 4;
/** Deadline of one run, in ms (W-14). */
export const GIT_MS = 30_000;
/** How long a run waits for a place, in ms. */
const LINE_MS = 120_000;
/** Most bytes that one run may answer (W-14). */
export const GIT_OUTPUT_BYTES = 64 * 1024 * 1024;
/** How long the rest of what an ended git said may take to arrive, in ms: what a filter left in the background may hold its output open for ever. */
const ANSWER_MS = 2_000;
const STDERR_MS = 200;
/** Characters of stderr that are kept, from the end. */
const STDERR_LENGTH = 4_096;

export type GitRunnerDeps = {
  clock: Clock;
  logger: Logger;
  /** The user's environment: git reads its configuration by it, filters run in it. */
  environment: Readonly<Record<string, string>>;
  /** Real path of a directory of the program's own for temporary indexes; made when needed. */
  temporary: string;
};

/** Where git runs. With `gitDir` it does not look for a repository itself, and `workTree` is the top of the checkout. */
export type GitWhere = { directory: string; gitDir?: string | undefined; workTree?: string | undefined };

export type GitOptions = {
  stdin?: string | Uint8Array;
  /** Milliseconds of work, without the wait for a place. */
  timeoutMs?: number;
  maxBytes?: number;
  /** What happens to output beyond `maxBytes`: `reject` (default) with `tooLong`, or `cut` it there and end git. */
  beyond?: "reject" | "cut";
  /** Exit codes that are answers; default only 0. */
  exits?: readonly number[];
  /** Further configuration, `name=value`. */
  config?: readonly string[];
  indexFile?: string;
  environment?: Readonly<Record<string, string>>;
  /** Whether the repository's hooks run; default false. Paths are patterns then, as hooks expect. */
  hooks?: boolean;
  /** Where stdout goes instead of the answer: an open file of the caller's. */
  stdoutTo?: number;
  signal?: AbortSignal;
};

export type GitResult = {
  stdout: Buffer;
  /** stdout without the last line end; not for paths. */
  text: string;
  exitCode: number;
  stderrTail: string;
  /** Whether `beyond: "cut"` came to pass. */
  isCut: boolean;
};

/** What decides which configuration holds and where a repository is looked for is the user's, as it is for the agents (A-10). */
const KEPT = new Set([
  "GIT_CEILING_DIRECTORIES",
  "GIT_CONFIG_GLOBAL",
  "GIT_CONFIG_NOSYSTEM",
  "GIT_CONFIG_SYSTEM",
  "GIT_DISCOVERY_ACROSS_FILESYSTEM",
]);

const NO_HOOKS = "core.hooksPath=/dev/null";

export class GitRunner {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly temporary: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #places: PlacesInLine;

  constructor({ clock, logger, environment, temporary }: GitRunnerDeps) {
    this.clock = clock;
    this.logger = logger;
    this.temporary = temporary;
    this.#places = new PlacesInLine(clock, GIT_PROCESSES);
    this.#environment = environmentOf(environment);
  }

  /**
   * Runs git to its end. Rejects GitError; an exit code outside `exits` is `failed`. What the disk refused is no answer of git's: STORAGE_UNAVAILABLE,
   * whatever the code (D-34).
   */
  async run(where: GitWhere, args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
    const isIn = await this.#places.enter(LINE_MS, options.signal);
    if (!isIn) {
      options.signal?.throwIfAborted();
      throw new GitError("timeout", `git ${args[0] ?? ""} found no place within ${LINE_MS / 1_000} s`);
    }
    try {
      options.signal?.throwIfAborted();
      return await this.#run(where, args, options);
    } finally {
      this.#places.leave();
    }
  }

  async #run(where: GitWhere, args: readonly string[], options: GitOptions): Promise<GitResult> {
    const config = [...(options.hooks === true ? [] : [NO_HOOKS]), ...(options.config ?? [])];
    const child = spawn("git", [...PINNED_ARGS, ...config.flatMap((each) => ["-c", each]), ...args], {
      cwd: where.directory,
      // A group of its own, so that filters end with it.
      detached: true,
      stdio: ["pipe", options.stdoutTo ?? "pipe", "pipe"],
      env: {
        ...this.#environment,
        ...(options.hooks === true ? { GIT_LITERAL_PATHSPECS: "0" } : {}),
        ...options.environment,
        ...(where.gitDir === undefined ? {} : { GIT_DIR: where.gitDir }),
        ...(where.workTree === undefined ? {} : { GIT_WORK_TREE: where.workTree }),
        ...(options.indexFile === undefined ? {} : { GIT_INDEX_FILE: options.indexFile }),
      },
    });
    let cut: "timeout" | "tooLong" | "stopped" | undefined;
    const stop = (why: typeof cut) => {
      cut ??= why;
      endGroup(child.pid);
    };
    const timeoutMs = options.timeoutMs ?? GIT_MS;
    const timer = this.clock.after(timeoutMs, () => stop("timeout"));
    const leave = () => stop("stopped");
    options.signal?.addEventListener("abort", leave, { once: true });
    const output = collect(child, options.maxBytes ?? GIT_OUTPUT_BYTES, () => stop("tooLong"));
    const stderr = new Tail(STDERR_LENGTH);
    child.stderr?.setEncoding("utf8").on("data", (text: string) => stderr.append(text));
    // git may end before it has read everything: how it ended says enough.
    child.stdin?.on("error", () => undefined).end(options.stdin ?? "");
    try {
      const { exitCode, isWhole } = await endOf(child, this.clock, args);
      options.signal?.throwIfAborted();
      const name = args[0] ?? "git";
      const stderrTail = String(stderr);
      if (cut === "timeout")
        throw new GitError("timeout", `git ${name} did not end within ${timeoutMs / 1_000} s`, {
          stderrTail,
        });
      if (cut === "tooLong" && options.beyond !== "cut")
        throw new GitError("tooLong", `git ${name} answered more than its limit`, { stderrTail });
      const isCut = cut === "tooLong";
      if (!isCut && !isWhole)
        throw new GitError(
          "timeout",
          `git ${name} ended, but something that it started holds its answer open`,
          {
            stderrTail,
          },
        );
      const refusal = isCut || exitCode === 0 ? undefined : toldStorageRefusal(stderrTail);
      if (refusal !== undefined) throw refusal;
      if (!isCut && !(options.exits ?? [0]).includes(exitCode)) throw failed(name, exitCode, stderrTail);
      const stdout = Buffer.concat(output);
      return {
        stdout,
        exitCode,
        stderrTail,
        isCut,
        get text() {
          return stdout.toString("utf8").replace(/\n$/, "");
        },
      };
    } finally {
      timer.cancel();
      options.signal?.removeEventListener("abort", leave);
    }
  }
}

function failed(name: string, exitCode: number, stderrTail: string): GitError {
  const isDubious = /detected dubious ownership/.test(stderrTail);
  const said = stderrTail.trim().split("\n").at(-1) ?? "";
  return new GitError(
    isDubious ? "dubiousOwnership" : "failed",
    `git ${name} ended with code ${exitCode}${said === "" ? "" : `: ${said.slice(0, 300)}`}`,
    { exitCode, stderrTail },
  );
}

/** Chunks of stdout, up to `maxBytes`; what is beyond is dropped and told once. */
function collect(child: ChildProcess, maxBytes: number, onBeyond: () => void): Buffer[] {
  const chunks: Buffer[] = [];
  let length = 0;
  child.stdout?.on("data", (chunk: Buffer) => {
    const room = maxBytes - length;
    if (room > 0) chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
    length += chunk.length;
    if (length > maxBytes) onBeyond();
  });
  return chunks;
}

/** Not `close`: a process in a group of its own that holds a pipe open is not waited for. `isWhole`: all of the answer has arrived. */
async function endOf(
  child: ChildProcess,
  clock: Clock,
  args: readonly string[],
): Promise<{ exitCode: number; isWhole: boolean }> {
  const { stdout, stderr } = child;
  const answered: Promise<unknown> = stdout === null ? Promise.resolve() : once(stdout, "close");
  const said: Promise<unknown> = stderr === null ? Promise.resolve() : once(stderr, "close");
  for (const each of [answered, said]) each.catch(() => undefined);
  try {
    const [code] = (await once(child, "exit")) as [number | null];
    const isWhole =
      (await within(
        clock,
        ANSWER_MS,
        answered.then(() => true),
      )) === true;
    await within(clock, STDERR_MS, said);
    return { exitCode: code ?? -1, isWhole };
  } catch (error) {
    const refusal = storageRefusal(error);
    if (refusal !== undefined) throw refusal;
    throw new GitError("missing", `git ${args[0] ?? ""} could not be started: ${(error as Error).message}`);
  } finally {
    child.stdin?.destroy();
    stdout?.destroy();
    stderr?.destroy();
  }
}

function environmentOf(user: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(user).filter(
    ([name]) => KEPT.has(name) || !/^(GIT_|HOLDFAST_|LC_|LANGUAGE$)/.test(name),
  );
  return {
    ...Object.fromEntries(kept),
    LC_ALL: "C",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "",
    GIT_EDITOR: ":",
    GIT_PAGER: "cat",
    GIT_LITERAL_PATHSPECS: "1",
    // stderr holds the reason of a failure, and nothing else.
    GIT_ADVICE: "0",
    GIT_TRACE2: "0",
    GIT_TRACE2_EVENT: "0",
    GIT_TRACE2_PERF: "0",
  };
}
