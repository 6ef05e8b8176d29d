import { type Clock, errorText, type Logger, type Timer } from "@holdfast/kernel";
import type { RefLook, Store } from "../store/index.ts";

/** How long what was read waits to be written, in ms, and how many rows of it at most. */
const FLUSH_MS = 5_000;
const MOST_ROWS = 1_000;
const HOUR = 3_600_000;

type Look = Omit<RefLook, "count" | "first" | "last">;

/** Counts what is read and refused, one row per ref, peer and hour, and writes that down a few at a time (S-16): a read never waits for it. */
export class LookCounter {
  readonly #store: Pick<Store, "noteRefLooks">;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #looks = new Map<string, RefLook>();
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(deps: { store: Pick<Store, "noteRefLooks">; clock: Clock; logger: Logger }) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#logger = deps.logger;
  }

  count(look: Look): void {
    const now = this.#clock.now();
    const key = `${look.refId} ${look.action} ${look.peer} ${look.detail} ${Math.floor(now / HOUR)}`;
    const known = this.#looks.get(key);
    if (known === undefined) this.#looks.set(key, { ...look, count: 1, first: now, last: now });
    else {
      known.count += 1;
      known.last = now;
    }
    if (this.#looks.size >= MOST_ROWS) void this.flush();
    else
      this.#timer ??= this.#clock.after(FLUSH_MS, () => {
        void this.flush();
      });
  }

  /** Writes what was counted so far. Never rejects: what cannot be written is lost, and said so in the log. */
  flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const looks = [...this.#looks.values()];
    this.#looks = new Map();
    if (looks.length > 0)
      this.#writing = this.#writing
        .then(() => this.#store.noteRefLooks({ looks }))
        .catch((error: unknown) => {
          this.#logger.warn(
            { rows: looks.length, error: errorText(error) },
            "what was read through refs could not be written to the audit",
          );
        });
    return this.#writing;
  }
}
