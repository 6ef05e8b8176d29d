/**
 * Reads as the audit has them (S-16): the first of a grant, address and hour is written before it is answered; what follows is counted, and written
 * every few seconds, as is what was refused.
 */
import type { Clock, Logger, Timer } from "@holdfast/kernel";
import { errorText } from "@holdfast/kernel";
import { type HourOfUse, hourOf, REFUSED, type ShareStore } from "../store/index.ts";

/** ms between two writes of what was counted. */
const WRITE_MS = 5_000;
/** Grants, addresses and hours that are counted at once; with more each use is written. */
const COUNTED = 10_000;

export class UseCounter {
  readonly #store: ShareStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #hour = 0;
  /** Those that have their row in this hour. */
  #known = new Set<string>();
  #waiting = new Map<string, HourOfUse>();
  #timer: Timer | undefined;

  constructor(store: ShareStore, clock: Clock, logger: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
  }

  async note(use: Pick<HourOfUse, "shareRid" | "ref" | "action" | "peer">): Promise<void> {
    const now = this.#clock.now();
    const hour = hourOf(now);
    if (hour !== this.#hour) {
      this.#hour = hour;
      this.#known = new Set();
    }
    const key = `${use.shareRid} ${use.ref ?? ""} ${use.action} ${use.peer}`;
    const isNew = !this.#known.has(key);
    if (isNew && this.#known.size < COUNTED) this.#known.add(key);
    const one: HourOfUse = { ...use, count: 1, first: now, last: now };
    if (isNew && use.ref !== null && use.action !== REFUSED) {
      await this.#store.run("noteUses", { uses: [one] });
      return;
    }
    const place = `${hour} ${key}`;
    const waiting = this.#waiting.get(place);
    if (waiting === undefined) this.#waiting.set(place, one);
    else this.#waiting.set(place, { ...waiting, count: waiting.count + 1, last: now });
    this.#timer ??= this.#clock.after(WRITE_MS, () => {
      this.#timer = undefined;
      void this.write();
    });
  }

  /** Writes what was counted; what cannot be written is logged and lost. */
  async write(): Promise<void> {
    const uses = [...this.#waiting.values()];
    this.#waiting = new Map();
    if (uses.length === 0) return;
    await this.#store.run("noteUses", { uses }).catch((error: unknown) => {
      this.#logger.warn(
        { error: errorText(error), uses: uses.length },
        "reads could not be written to the audit",
      );
    });
  }

  stop(): Promise<void> {
    this.#timer?.cancel();
    return this.write();
  }
}
