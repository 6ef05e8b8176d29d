/**
 * One reader of one log (D-22, D-24).
 *
 *   catching up --hold--> holding --goLive--> live        any --close--> closed
 *
 * Invariants: events leave in the order of the log; `prev` is the seq of the last one that went out; `through` is how far the reader is
 * current (what lay between was superseded), and nothing at or below it goes out again. While holding, live batches wait in a queue
 * bounded by bytes; in every state an overflow closes this reader only, who resumes by cursor.
 */
import type { ReplayPage } from "../store/index.ts";
import type { Control, Log, LogEvent } from "./log.ts";

/** Bytes that may wait for one reader beyond what its socket took (D-24). */
export const QUEUE_BYTES = 4 * 1024 * 1024;

/** Why a stream ended: the log is over, the reader left, was too slow, the server stops or could not read on. */
export type EndReason = "over" | "left" | "overflow" | "stopped" | "failed";

/** Bytes that the rest of an event is taken for, beside its data: type, ids, actor and what a sink puts around them. */
const ENVELOPE_BYTES = 320;

/** Where a stream goes: the way in which a surface tells events. */
export type Sink = {
  control(control: Control): void;
  /** Events in order. What was committed together is the same array for every reader of a log, so that one encoding serves them all (D-24). */
  deliver(events: readonly LogEvent[]): void;
  /** Bytes that the reader has not taken yet. */
  backlog(): number;
  /** Resolves when the reader took everything, or is gone. */
  drained(): Promise<void>;
  end(reason: EndReason): void;
  /** Called when the reader went away by itself. */
  onLeave(listener: () => void): void;
};

/** What the hub knows of a subscriber, whatever its log. */
export type Reader = Pick<Subscriber<never>, "hold" | "offer" | "close" | "isClosed">;

export class Subscriber<P> {
  readonly sink: Sink;
  readonly closed: Promise<EndReason>;
  readonly #log: Log<P>;
  readonly #onClose: (subscriber: Reader) => void;
  #resolveClosed: (reason: EndReason) => void = () => undefined;
  #state: "catchingUp" | "holding" | "live" | "closed" = "catchingUp";
  #held: (readonly LogEvent[])[] = [];
  #heldBytes = 0;
  #prev: number | undefined;
  #through: P;

  constructor(log: Log<P>, sink: Sink, onClose: (subscriber: Reader) => void) {
    this.#log = log;
    this.#through = log.start;
    this.sink = sink;
    this.#onClose = onClose;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    sink.onLeave(() => this.close("left"));
  }

  get isClosed(): boolean {
    return this.#state === "closed";
  }

  /** How far the reader is current. */
  get through(): P {
    return this.#through;
  }

  /** The reader is current up to `place` without having been sent it: its own cursor, or the state it will fetch. */
  startAt(place: P): void {
    this.#prev = this.#log.seqAt(place);
    this.#through = place;
  }

  say(control: Control): void {
    if (!this.isClosed) this.sink.control(control);
  }

  /** Sends a page of a replay. Answers about how many bytes it had, so that the caller can size the next one. */
  sendPage(page: ReplayPage<P>): number {
    if (this.isClosed) return 0;
    const events: LogEvent[] = [];
    for (const event of page.events) {
      events.push(this.#log.entry(event, this.#prev));
      this.#prev = this.#log.seqAt(this.#log.at(event));
    }
    this.#through = page.through;
    this.#deliver(events);
    return bytesOf(events);
  }

  /** From now on what is offered is kept until `goLive`. */
  hold(): void {
    if (this.#state === "catchingUp") this.#state = "holding";
  }

  /** Whether the reader has come to where what is kept begins. */
  get isBridged(): boolean {
    const first = this.#held[0]?.[0];
    return first !== undefined && !this.#log.isAfter(this.#log.at(first.event), this.#through);
  }

  /** The seam: says so, then sends what was kept and not yet covered. */
  goLive(): void {
    if (this.#state !== "holding") return;
    this.#state = "live";
    this.say({ type: "caught-up", data: {} });
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const batch of held) this.#send(batch);
  }

  /** A commit's events for this log, at least one. */
  offer(batch: readonly LogEvent[]): void {
    if (this.#state === "live") return this.#send(batch);
    if (this.#state !== "holding") return;
    this.#held.push(batch);
    this.#heldBytes += bytesOf(batch);
    if (this.#heldBytes > QUEUE_BYTES) this.close("overflow");
  }

  /** Ends the stream; the first reason counts. */
  close(reason: EndReason): void {
    if (this.isClosed) return;
    this.#state = "closed";
    this.#held = [];
    this.#onClose(this);
    if (reason !== "left") this.sink.end(reason);
    this.#resolveClosed(reason);
  }

  #send(batch: readonly LogEvent[]): void {
    if (this.isClosed) return;
    const index = batch.findIndex(({ event }) => this.#log.isAfter(this.#log.at(event), this.#through));
    const [first, last] = [batch[index], batch.at(-1)];
    if (first === undefined || last === undefined) return;
    const isShared = index === 0 && first.prev === this.#prev;
    const events = isShared ? batch : [{ ...first, prev: this.#prev }, ...batch.slice(index + 1)];
    this.#through = this.#log.at(last.event);
    this.#prev = this.#log.seqAt(this.#through);
    this.#deliver(events);
    if (this.sink.backlog() > QUEUE_BYTES) this.close("overflow");
  }

  #deliver(events: readonly LogEvent[]): void {
    const last = events.at(-1);
    if (last === undefined) return;
    this.sink.deliver(events);
    if (this.#log.ends(last.event)) this.close("over");
  }
}

const bytesOf = (events: readonly LogEvent[]): number =>
  events.reduce((sum, { event }) => sum + ENVELOPE_BYTES + Buffer.byteLength(event.data), 0);
