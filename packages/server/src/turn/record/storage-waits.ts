import { type Clock, retryStorage } from "@holdfast/kernel";
import type { WaitingFor } from "@holdfast/protocol";

/** What one turn waits for in the storage: several waits at once are shown as one (D-34). */
export class StorageWaits {
  readonly #clock: Clock;
  readonly #show: (waitingFor: WaitingFor | null) => void;
  readonly #waits = new Set<object>();

  constructor(clock: Clock, show: (waitingFor: WaitingFor | null) => void) {
    this.#clock = clock;
    this.#show = show;
  }

  /** Runs what writes files, again and again while storage refuses. It must be one that may be repeated. Rejects with the last refusal once `signal` aborts. */
  async stored<T>(signal: AbortSignal, write: () => Promise<T>): Promise<T> {
    const { refused, over } = this.wait();
    try {
      return await retryStorage({ clock: this.#clock, signal, onRefused: refused }, write);
    } finally {
      over();
    }
  }

  /** The turn shows that it waits from the first `refused` to `over`. */
  wait(): { refused: () => void; over: () => void } {
    const wait = {};
    return {
      refused: () => {
        if (this.#waits.size === 0) this.#show({ kind: "storage" });
        this.#waits.add(wait);
      },
      over: () => {
        const isLast = this.#waits.delete(wait) && this.#waits.size === 0;
        if (isLast) this.#show(null);
      },
    };
  }
}
