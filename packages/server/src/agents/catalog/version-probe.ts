import { spawn } from "node:child_process";
import { cleanText, type Clock } from "@holdfast/kernel";
import { childEnvironment, trySignal, type Environment } from "../../process/index.ts";
import type { ProgramFile } from "./find-program.ts";

/** Answers of programs are short; some print a banner before. */
const MAX_OUTPUT_BYTES = 16 * 1024;

/** Cold starts of node and bun programs took 2 to 15 s on a loaded machine. */
export const VERSION_TIMEOUT_MS = 30_000;

/** When a program that did not say its version is asked again at the earliest, in ms: it may have been too busy, or lacked something. */
const ASK_AGAIN_MS = 600_000;

const MAX_VERSION_CHARS = 64;

export type ProbeDeps = { clock: Clock; environment: Environment; temporaryRoot: string };

/** Asks programs for their version, one at a time, once per file that says it. */
export class VersionProbe {
  readonly #deps: ProbeDeps;
  readonly #known = new Map<string, string | undefined>();
  /** When each was asked, by the monotonic clock. */
  readonly #asked = new Map<string, number>();
  #queue: Promise<void> = Promise.resolve();
  #isClosed = false;
  #stopRunning: (() => void) | undefined;

  constructor(deps: ProbeDeps) {
    this.#deps = deps;
  }

  /** What the program said, if it was asked; never waits. */
  known(program: ProgramFile): string | undefined {
    return this.#known.get(keyOf(program));
  }

  /** Asks in the background, unless it has answered or was asked shortly before. `argv` is everything before `--version`. */
  ask(program: ProgramFile, argv: readonly string[]): void {
    const key = keyOf(program);
    const now = this.#deps.clock.monotonic();
    const askedAt = this.#asked.get(key);
    const isAnswered = this.#known.get(key) !== undefined;
    if (this.#isClosed || isAnswered || (askedAt !== undefined && now - askedAt < ASK_AGAIN_MS)) return;
    this.#asked.set(key, now);
    const before = this.#queue;
    this.#queue = (async () => {
      await before;
      if (!this.#isClosed) this.#known.set(key, versionIn(await this.#run(argv)));
    })();
  }

  /** Resolves when everything that was asked has answered. */
  async settled(): Promise<void> {
    await this.#queue;
  }

  /** Ends a program that is being asked; nothing is asked afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopRunning?.();
    await this.#queue;
  }

  #run(argv: readonly string[]): Promise<string> {
    const [program = "", ...args] = argv;
    const { clock, environment, temporaryRoot } = this.#deps;
    return new Promise((resolve) => {
      let output = "";
      const launch = { launchId: "version", temporaryDirectory: temporaryRoot };
      const child = spawn(program, [...args, "--version"], {
        cwd: temporaryRoot,
        env: childEnvironment(environment, { inherit: "user" }, launch),
        detached: true,
        stdio: ["ignore", "pipe", "ignore"],
      });
      const stop = () => (child.pid === undefined ? false : trySignal(-child.pid, "SIGKILL"));
      this.#stopRunning = stop;
      const timer = clock.after(VERSION_TIMEOUT_MS, stop);
      const finish = () => {
        timer.cancel();
        stop();
        this.#stopRunning = undefined;
        child.stdout.destroy();
        resolve(output);
      };
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        output = (output + text).slice(0, MAX_OUTPUT_BYTES);
      });
      child.once("error", finish);
      child.once("close", finish);
    });
  }
}

/** The version in what a program printed: the first thing that looks like one. Exported for its table. */
export function versionIn(output: string): string | undefined {
  const found = /(?<![\w.])v?(\d+\.\d+(?:\.\d+)?(?:[-+.][0-9A-Za-z.+-]*[0-9A-Za-z])?)/.exec(output)?.[1];
  return found === undefined ? undefined : cleanText(found.slice(0, MAX_VERSION_CHARS));
}

function keyOf({ realPath, size, modifiedMs }: ProgramFile): string {
  return `${realPath}\0${size}\0${modifiedMs}`;
}
