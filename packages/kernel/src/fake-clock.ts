import type { Clock, Timer } from "./clock.ts";

type Entry = { at: number; order: number; run: () => void };

/** A clock that only moves when told to. `advance` fires due timers in order; `jump` moves the wall clock alone. */
export class FakeClock implements Clock {
  #wall: number;
  #steady = 0;
  #order = 0;
  #entries: Entry[] = [];

  constructor(start = 1_700_000_000_000) {
    this.#wall = start;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#steady;
  }

  after(ms: number, run: () => void): Timer {
    const entry: Entry = { at: this.#steady + Math.max(ms, 0), order: this.#order++, run };
    this.#entries.push(entry);
    return {
      cancel: () => {
        this.#entries = this.#entries.filter((other) => other !== entry);
      },
    };
  }

  /** Moves both times forward by `ms` and runs every timer that falls due on the way, at its own instant. */
  advance(ms: number): void {
    const end = this.#steady + ms;
    for (;;) {
      const due = this.#entries
        .filter((entry) => entry.at <= end)
        .toSorted((a, b) => a.at - b.at || a.order - b.order)[0];
      if (due === undefined) break;
      this.#entries = this.#entries.filter((entry) => entry !== due);
      this.#wall += due.at - this.#steady;
      this.#steady = due.at;
      due.run();
    }
    this.#wall += end - this.#steady;
    this.#steady = end;
  }

  /** Sets the wall clock back or ahead, as an operator or NTP would; timers are not touched. */
  jump(ms: number): void {
    this.#wall += ms;
  }
}
