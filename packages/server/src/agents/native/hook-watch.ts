/** Hooks that run in the program, each with a deadline (session-model 14.6): one that never comes back holds the program, and costs it. */
import type { Clock, Timer } from "@holdfast/kernel";
import { HOOK_MS, type HookParams } from "@holdfast/native";
import { Complaint } from "./peer.ts";

/** Hooks that run at once; each of a subagent is one as well. */
const MAX_RUNNING = 64;

type Deps = {
  clock: Clock;
  /** Whether what the program wrote waits for us: the end of a hook may stand there. */
  isHeld: () => boolean;
  /** A hook is late; the message names it. */
  late: (message: string) => void;
};

export class HookWatch {
  readonly #deps: Deps;
  readonly #running = new Map<number, Timer>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Throws a `Complaint` for what cannot be. */
  told({ id, name, at }: HookParams): void {
    const timer = this.#running.get(id);
    if (at === "end") {
      timer?.cancel();
      this.#running.delete(id);
      return;
    }
    if (timer !== undefined || this.#running.size >= MAX_RUNNING)
      throw new Complaint(`It announced the hook ${name} wrongly, or more than ${MAX_RUNNING} at once.`);
    this.#watch(id, name);
  }

  stop(): void {
    for (const timer of this.#running.values()) timer.cancel();
    this.#running.clear();
  }

  #watch(id: number, name: string): void {
    const { clock, isHeld, late } = this.#deps;
    const timer = clock.after(HOOK_MS, () => {
      if (isHeld()) return this.#watch(id, name);
      late(`The hook ${name} did not come back within ${HOOK_MS / 1_000} s, so its program was ended.`);
    });
    this.#running.set(id, timer);
  }
}
