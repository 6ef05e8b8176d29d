/**
 * The event stream of one directory.
 *
 *   opening ─server.connected─► open ─end, fault, silence─► waiting ─backoff─► opening
 *
 * Invariants: one AbortController per stream; `open` only once the server said so on the stream itself, and before that nothing is prompted;
 * events are passed on one by one, and the next one is read when the last was taken; a stream that brings nothing for longer than its
 * heartbeat allows is replaced; whoever listens hears of every opening, because what was missed has to be looked up.
 */
import { backoffMs, errorText, wait, type Clock, type Logger, type Timer } from "@holdfast/kernel";
import { isSilent, type HealthLimits } from "./health.ts";
import { wireEvent, type WireEvent } from "./wire-event.ts";

export type FeedDeps = {
  clock: Clock;
  logger: Logger;
  limits: HealthLimits;
  /** Opens a stream; the signal ends it. */
  subscribe(signal: AbortSignal): Promise<AsyncIterable<unknown>>;
  /** Takes one event; what it answers is awaited before the next one is read. */
  take(event: WireEvent): Promise<void> | undefined;
  /** The stream is open, for the first time or again. */
  opened(): void;
};

const BACKOFF = { base: 250, cap: 5_000, jitter: 0 };

export class EventFeed {
  readonly #deps: FeedDeps;
  readonly #closed = new AbortController();
  #stream = new AbortController();
  #waiters: (() => void)[] = [];
  #isOpen = false;
  #isRead = true;
  #lastAt = 0;
  #watch: Timer | undefined;

  constructor(deps: FeedDeps) {
    this.#deps = deps;
    void this.#run();
  }

  /** Resolves once the stream is open, or closed for good. */
  async opened(): Promise<void> {
    if (this.#isOpen || this.#closed.signal.aborted) return;
    await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  close(): void {
    this.#closed.abort();
    this.#stream.abort();
    this.#watch?.cancel();
    this.#settle();
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#deps;
    for (let failures = 0; !this.#closed.signal.aborted;) {
      const wasOpen = await this.#readOne().catch((error: unknown) => {
        logger.debug({ error: errorText(error) }, "an event stream of opencode broke");
        return this.#isOpen;
      });
      this.#isOpen = false;
      failures = wasOpen ? 1 : failures + 1;
      await wait(clock, backoffMs(failures, BACKOFF, 0), this.#closed.signal);
    }
  }

  /** Reads one stream to its end; answers whether it was ever open. */
  async #readOne(): Promise<boolean> {
    const { clock } = this.#deps;
    const stream = new AbortController();
    this.#stream = stream;
    this.#lastAt = clock.monotonic();
    this.#isRead = true;
    this.#planWatch();
    try {
      for await (const value of await this.#deps.subscribe(stream.signal)) {
        if (stream.signal.aborted) break;
        this.#lastAt = clock.monotonic();
        const event = wireEvent(value);
        if (event?.type === "server.connected") this.#connected();
        else if (event !== undefined) await this.#pass(event);
      }
    } finally {
      this.#watch?.cancel();
      stream.abort();
    }
    return this.#isOpen;
  }

  async #pass(event: WireEvent): Promise<void> {
    const taken = this.#deps.take(event);
    if (taken === undefined) return;
    this.#isRead = false;
    await taken.catch(() => undefined);
    this.#isRead = true;
    this.#lastAt = this.#deps.clock.monotonic();
  }

  #connected(): void {
    this.#isOpen = true;
    this.#deps.opened();
    this.#settle();
  }

  #settle(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  #planWatch(): void {
    const { clock, limits } = this.#deps;
    this.#watch?.cancel();
    const stream = this.#stream;
    this.#watch = clock.after(limits.silenceMs / 2, () => {
      if (stream.signal.aborted) return;
      if (isSilent({ lastAt: this.#lastAt, isRead: this.#isRead }, clock.monotonic(), limits)) stream.abort();
      else this.#planWatch();
    });
  }
}
