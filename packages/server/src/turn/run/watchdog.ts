import type { Clock, Timer } from "@holdfast/kernel";
import {
  type Activity,
  type DeadlineLimits,
  judge,
  noteEvent,
  noteHumans,
  startActivity,
  timeoutText,
} from "./deadline.ts";

type Deps = {
  clock: Clock;
  limits: DeadlineLimits;
  /** The turn began or ceased to look stalled. */
  onStalled: (stalled: boolean) => void;
  /** The turn is given up; the text says why. Called at most once. */
  onTimeout: (text: string) => void;
};

/** Watches one running turn by the rules of A-18. Made when the turn starts; `stop` ends it for good. */
export class Watchdog {
  readonly #deps: Deps;
  #activity: Activity;
  #humans = 0;
  #stalled = false;
  #stopped = false;
  #timer: Timer | undefined;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#activity = startActivity(deps.clock.monotonic());
    this.#look();
  }

  /** Some AgentEvent came; `toolRunning` as it is after it. */
  event(toolRunning: boolean): void {
    this.#activity = noteEvent(this.#activity, this.#deps.clock.monotonic(), toolRunning);
    // The running timer was set for an earlier instant than the new verdict: when it fires, it looks again.
    if (this.#stalled) this.#look();
  }

  /** A human is asked, or subtasks run; call the answer's function when that is over. */
  askHuman(): () => void {
    this.#count(1);
    let open = true;
    return () => {
      if (open) this.#count(-1);
      open = false;
    };
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #count(change: 1 | -1): void {
    this.#humans += change;
    this.#activity = noteHumans(this.#activity, this.#deps.clock.monotonic(), this.#humans);
    this.#look();
  }

  #look(): void {
    this.#timer?.cancel();
    if (this.#stopped) return;
    const { clock, limits, onStalled, onTimeout } = this.#deps;
    const verdict = judge(this.#activity, limits, clock.monotonic());
    if (verdict.verdict === "timeout") {
      this.#stopped = true;
      onTimeout(timeoutText(verdict.limit, verdict.limitMs));
      return;
    }
    const stalled = verdict.verdict === "stalled";
    if (stalled !== this.#stalled) {
      this.#stalled = stalled;
      onStalled(stalled);
    }
    if (verdict.checkInMs !== undefined) this.#timer = clock.after(verdict.checkInMs, () => this.#look());
  }
}
