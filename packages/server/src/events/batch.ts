import type { CommittedEvent } from "../store/index.ts";
import type { Log } from "./log.ts";

/** The events that one commit group put into one log, encoded at most once for all its readers (D-24). */
export class Batch {
  readonly first: number;
  readonly last: number;
  readonly #log: Log;
  readonly #events: readonly CommittedEvent[];
  readonly #frames: string[];
  #whole: Buffer | undefined;

  /** `events` are in order and at least one. */
  constructor(log: Log, events: readonly CommittedEvent[]) {
    this.#log = log;
    this.#events = events;
    this.#frames = events.map((event) => log.frame(event, log.at(event) - 1));
    this.first = log.at(events[0] as CommittedEvent);
    this.last = log.at(events.at(-1) as CommittedEvent);
  }

  /** All frames in one piece. */
  get whole(): Buffer {
    this.#whole ??= Buffer.from(this.#frames.join(""));
    return this.#whole;
  }

  /** Whether the log is over after this. */
  get ends(): boolean {
    return this.#log.ends(this.#events.at(-1) as CommittedEvent);
  }

  /**
   * The frames after `through`, for a reader whose last sent place is `sent`: the shared bytes when the chain fits, otherwise the first
   * frame is encoded again with the reader's own `prev` (D-3). `undefined` when the reader has everything.
   */
  after(through: number, sent: number): Buffer | undefined {
    const index = this.#events.findIndex((event) => this.#log.at(event) > through);
    const event = this.#events[index];
    if (event === undefined) return undefined;
    if (!this.#log.chained || this.#log.at(event) - 1 === sent)
      return index === 0 ? this.whole : Buffer.from(this.#frames.slice(index).join(""));
    return Buffer.from(this.#log.frame(event, sent) + this.#frames.slice(index + 1).join(""));
  }
}
