import type { Clock } from "@holdfast/kernel";
import type { Place } from "./port.ts";

type Kept = { holds: number; waiting: number; beyondCap: boolean };

/** Which handles of the pool are being used: a place is kept for each turn that is about to start or runs. */
export class Places {
  readonly #clock: Clock;
  readonly #onRoom: () => void;
  readonly #kept = new Map<string, Kept>();
  readonly #usedAt = new Map<string, number>();

  /** `onRoom` is called whenever a place is given back, or its holder begins to wait for a human. */
  constructor(clock: Clock, onRoom: () => void) {
    this.#clock = clock;
    this.#onRoom = onRoom;
  }

  keep(key: string, beyondCap: boolean): Place {
    const kept = this.#kept.get(key) ?? { holds: 0, waiting: 0, beyondCap: false };
    kept.holds += 1;
    kept.beyondCap ||= beyondCap;
    this.#kept.set(key, kept);
    let isWaiting = false;
    let isReleased = false;
    const wait = (next: boolean) => {
      if (isReleased || next === isWaiting) return;
      isWaiting = next;
      kept.waiting += next ? 1 : -1;
      if (next) this.#onRoom();
    };
    return {
      waiting: wait,
      release: () => {
        if (isReleased) return;
        wait(false);
        isReleased = true;
        kept.holds -= 1;
        if (kept.holds === 0) this.#kept.delete(key);
        if (this.#usedAt.has(key)) this.use(key);
        this.#onRoom();
      },
    };
  }

  /** Its prompt just ended, or may be about to follow. */
  use(key: string): void {
    this.#usedAt.set(key, this.#clock.monotonic());
  }

  /** Its handle is gone. */
  forget(key: string): void {
    this.#usedAt.delete(key);
  }

  keys(): IterableIterator<string> {
    return this.#kept.keys();
  }

  isKept(key: string): boolean {
    return this.#kept.has(key);
  }

  isWaiting(key: string): boolean {
    return (this.#kept.get(key)?.waiting ?? 0) > 0;
  }

  isBeyondCap(key: string): boolean {
    return this.#kept.get(key)?.beyondCap === true;
  }

  usedAt(key: string): number {
    return this.#usedAt.get(key) ?? 0;
  }
}
