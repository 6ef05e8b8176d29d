/**
 * The background tasks of one session, as WAKE starts them: each waits for its trigger, then wakes the agent, which works by itself and says when it is
 * done. Nobody asked it anything then, so no answer ends that.
 *
 * Invariants: own work and prompts never run at once; own work that a prompt finds running ends before the prompt is begun.
 */
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { setImmediate as nextLoop, setTimeout as delay } from "node:timers/promises";
import type { Directive } from "./directives.ts";
import type { Turn } from "./turn.ts";

/** How often a task looks whether the file is there that it waits for, in ms. */
const LOOK_MS = 20;

/** What a task wakes the agent for, and when: `now`, with the `next` prompt and before that is read, or once the file is there. */
export type Wake = { readonly on: string; readonly work: readonly Directive[] };

type Deps = {
  readonly cwd: string;
  /** Resolves when no prompt runs; `undefined` when none does. */
  readonly prompt: () => Promise<unknown> | undefined;
  /** Tells the client which tasks run now. Never rejects. */
  readonly tell: (turn: Turn, tasks: readonly string[]) => Promise<void>;
  /** Obeys the directives, writes down what was said, and tells the client that it is over. Never rejects. */
  readonly obey: (turn: Turn, work: readonly Directive[]) => Promise<void>;
};

export class Background {
  readonly #deps: Deps;
  readonly #closed = new AbortController();
  #withNext: Wake[] = [];
  readonly #tasks = new Set<Wake>();
  #running: { turn: Turn; ended: Promise<void> } | undefined;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Starts a task of that turn. */
  async start(wake: Wake, turn: Turn): Promise<void> {
    this.#tasks.add(wake);
    await this.#tell(turn);
    if (wake.on === "next") this.#withNext.push(wake);
    else this.#wake(wake, turn).catch(() => {});
  }

  /** A prompt came: what the agent does by itself, and what it is woken for now, comes first. */
  async before(prompt: Turn): Promise<void> {
    while (this.#running !== undefined) await this.#running.ended;
    const woken = this.#withNext;
    this.#withNext = [];
    for (const wake of woken) await this.#begin(prompt.another(), wake);
  }

  #tell(turn: Turn): Promise<void> {
    return this.#deps.tell(
      turn,
      [...this.#tasks].map(({ on }) => `until ${on}`),
    );
  }

  /** Stops what the agent does by itself. */
  cancel(): void {
    this.#running?.turn.cancel();
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.cancel();
    await this.#running?.ended;
  }

  async #wake(wake: Wake, starter: Turn): Promise<void> {
    const { on } = wake;
    const { cwd, prompt } = this.#deps;
    const { signal } = this.#closed;
    if (on !== "now")
      while (!(await isThere(resolve(cwd, on)))) await delay(LOOK_MS, undefined, { signal, ref: false });
    do {
      await prompt();
      await this.#running?.ended;
      // Behind the answer to the prompt that ended.
      await nextLoop();
    } while (prompt() !== undefined || this.#running !== undefined);
    signal.throwIfAborted();
    await this.#begin(starter.another(), wake);
  }

  #begin(turn: Turn, wake: Wake): Promise<void> {
    this.#tasks.delete(wake);
    const work = this.#tell(turn).then(() => this.#deps.obey(turn, wake.work));
    const ended = work.finally(() => {
      this.#running = undefined;
    });
    this.#running = { turn, ended };
    return ended;
  }
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
