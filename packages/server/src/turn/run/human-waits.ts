import type { Clock } from "@holdfast/kernel";
import type { Reservation } from "../../agents/index.ts";

/** A request that is open for longer waits for a human: rules and modes answer at once. */
const HUMAN_WAIT_MS = 1_000;

type Deps = { clock: Clock; place: Pick<Reservation, "waiting"> };

type Listener = {
  /** Somebody may be asked; the function that it answers is called when that is over. */
  begun: () => () => void;
  failed: (error: unknown, text: string) => void;
};

/** What a turn asks of humans. While it really waits for one it gives its place in the pool to others; what answers itself does not. */
export class HumanWaits {
  readonly #deps: Deps;
  readonly #listener: Listener;
  /** Requests that a human has not answered for a while. */
  #waiting = 0;

  constructor(deps: Deps, listener: Listener) {
    this.#deps = deps;
    this.#listener = listener;
  }

  /** The answer; `cancelled` when the request cannot be stored. Never rejects. */
  async ask<T>(request: () => Promise<T>, cancelled: T): Promise<T> {
    const answered = this.#listener.begun();
    const end = this.#begin();
    try {
      return await request();
    } catch (error) {
      this.#listener.failed(error, "what an agent asks could not be stored; it is told cancelled");
      return cancelled;
    } finally {
      answered();
      end();
    }
  }

  #begin(): () => void {
    const { clock, place } = this.#deps;
    let isWaiting = false;
    const timer = clock.after(HUMAN_WAIT_MS, () => {
      isWaiting = true;
      this.#waiting += 1;
      place.waiting(true);
    });
    return () => {
      timer.cancel();
      if (!isWaiting) return;
      this.#waiting -= 1;
      if (this.#waiting === 0) place.waiting(false);
    };
  }
}
