/** Looks at idle time and memory of the pool, as long as something lives. */
import { errorText, type Clock, type Logger, type Timer } from "@holdfast/kernel";
import type { SessionId } from "@holdfast/protocol";

/** What the processes of one live handle take. */
export type Measured = { sessionId: SessionId; agent: string; pid: number; bytes: number };

/** Between two looks (A-8: sampled every 10 s). */
const LOOK_MS = 10_000;

export type UpkeepDeps = {
  clock: Clock;
  logger: Logger;
  /** Measures every process tree that is ours. Without it memory is not limited. */
  measure: (() => Promise<Measured[]>) | undefined;
  isAnyLive: () => boolean;
  /** Closes what has been idle for too long, or takes too much. */
  tidy: () => void;
  onMeasured: (measured: readonly Measured[]) => void;
};

export class Upkeep {
  readonly #deps: UpkeepDeps;
  #timer: Timer | undefined;
  #isMeasuring = false;
  #isStopped = false;

  constructor(deps: UpkeepDeps) {
    this.#deps = deps;
  }

  /** Plans the next look, unless one is planned or nothing lives. */
  plan(): void {
    const { clock, isAnyLive, tidy } = this.#deps;
    if (this.#timer !== undefined || this.#isStopped || !isAnyLive()) return;
    this.#timer = clock.after(LOOK_MS, () => {
      this.#timer = undefined;
      tidy();
      void this.#measure();
      this.plan();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #measure(): Promise<void> {
    const { measure, logger, onMeasured } = this.#deps;
    if (measure === undefined || this.#isMeasuring) return;
    this.#isMeasuring = true;
    try {
      const measured = await measure();
      if (!this.#isStopped) onMeasured(measured);
    } catch (error) {
      logger.warn({ error: errorText(error) }, "the memory of agents could not be measured");
    } finally {
      this.#isMeasuring = false;
    }
  }
}
