import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** How long one round may take, in ms. */
const ROUND_MS = 120_000;

/** A forked program of a benchmark, which takes messages `To`; ended by its own handle. */
export class Program<To extends object> implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #failed: Promise<never>;
  #listener: (message: never) => void = () => undefined;

  constructor(file: URL, ...args: string[]) {
    this.#child = fork(file, args, {
      execArgv: [],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#failed = once(this.#child, "exit").then(([code]) => {
      throw new Error(`${file.pathname} ended with ${String(code)}.`);
    });
    this.#failed.catch(() => undefined);
    this.#child.on("message", (message) => this.#listener(message as never));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  send(message: To): void {
    this.#child.send(message);
  }

  /** Resolves with the first message that `pick` takes; rejects when the program ends or the deadline passes. */
  expect<M, R>(pick: (message: M) => R | undefined): Promise<R> {
    const found = new Promise<R>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`A round took longer than ${ROUND_MS} ms.`)), ROUND_MS);
      this.#listener = (message) => {
        try {
          const result = pick(message);
          if (result === undefined) return;
          clearTimeout(timer);
          resolve(result);
        } catch (error) {
          clearTimeout(timer);
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
    });
    return Promise.race([found, this.#failed]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = this.#failed.catch(() => undefined);
    this.#child.disconnect();
    await gone;
  }
}
