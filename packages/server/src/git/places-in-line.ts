import type { Clock } from "@holdfast/kernel";

type Waiter = { take: (place: boolean) => void };

/** A bounded number of places; who finds none waits in line. `leave` gives the place to the next. */
export class PlacesInLine {
  readonly #clock: Clock;
  #free: number;
  readonly #line: Waiter[] = [];

  constructor(clock: Clock, count: number) {
    this.#clock = clock;
    this.#free = count;
  }

  /** Whether there was a place within `waitMs`, before the signal. Who got one has to leave. */
  async enter(waitMs: number, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted === true) return false;
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    return new Promise<boolean>((resolve) => {
      const waiter: Waiter = {
        take: (place) => {
          timer.cancel();
          signal?.removeEventListener("abort", giveUp);
          resolve(place);
        },
      };
      const giveUp = () => {
        const at = this.#line.indexOf(waiter);
        if (at === -1) return;
        this.#line.splice(at, 1);
        waiter.take(false);
      };
      const timer = this.#clock.after(waitMs, giveUp);
      signal?.addEventListener("abort", giveUp, { once: true });
      this.#line.push(waiter);
    });
  }

  leave(): void {
    const next = this.#line.shift();
    if (next === undefined) this.#free += 1;
    else next.take(true);
  }
}
