/**
 * One reader of one log (D-22, D-24).
 *
 *   catching up --hold--> holding --goLive--> live        any --close--> closed
 *
 * Invariants: bytes leave in the order of the log; `sent` is the place of the last frame that went out and is the reader's `prev`;
 * `through` is how far the reader is current (what lay between was superseded), and nothing at or below it goes out again. While holding,
 * live batches wait in a queue bounded by bytes; in every state an overflow closes this reader only, who resumes by cursor.
 */
import type { ReplayPage } from "../store/index.ts";
import type { Batch } from "./batch.ts";
import { controlFrame } from "./frame.ts";
import type { Log } from "./log.ts";

/** Bytes that may wait for one reader beyond what its socket took (D-24). */
export const QUEUE_BYTES = 4 * 1024 * 1024;

/** Why a stream ended: the log is over, the reader left, was too slow, the server stops or could not read on. */
export type EndReason = "over" | "left" | "overflow" | "stopped" | "failed";

/** Where frames go. The HTTP layer's sink writes to the raw response. */
export type Sink = {
  /** One or more whole frames. */
  write(bytes: Buffer): void;
  /** Bytes written that the socket has not taken yet. */
  backlog(): number;
  /** Resolves when the socket took everything, or is gone. */
  drained(): Promise<void>;
  end(reason: EndReason): void;
  /** Called when the reader went away by itself. */
  onLeave(listener: () => void): void;
};

const CAUGHT_UP = Buffer.from(controlFrame("caught-up", {}));

export class Subscriber {
  readonly sink: Sink;
  readonly closed: Promise<EndReason>;
  readonly #log: Log;
  readonly #onClose: (subscriber: Subscriber) => void;
  #resolveClosed: (reason: EndReason) => void = () => undefined;
  #state: "catchingUp" | "holding" | "live" | "closed" = "catchingUp";
  #held: Batch[] = [];
  #heldBytes = 0;
  #sent = 0;
  #through = 0;

  constructor(log: Log, sink: Sink, onClose: (subscriber: Subscriber) => void) {
    this.#log = log;
    this.sink = sink;
    this.#onClose = onClose;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    sink.onLeave(() => this.close("left"));
  }

  get isClosed(): boolean {
    return this.#state === "closed";
  }

  get isLive(): boolean {
    return this.#state === "live";
  }

  /** How far the reader is current. */
  get through(): number {
    return this.#through;
  }

  /** The reader is current up to `place` without having been sent it: its own cursor, or the state it will fetch. */
  startAt(place: number): void {
    this.#sent = place;
    this.#through = place;
  }

  writeControl(frame: string): void {
    if (!this.isClosed) this.sink.write(Buffer.from(frame));
  }

  /** Sends a page of a replay. Answers its bytes, so that the caller can size the next one. */
  sendPage(page: ReplayPage): number {
    if (this.isClosed) return 0;
    let text = "";
    for (const event of page.events) {
      text += this.#log.frame(event, this.#sent);
      this.#sent = this.#log.at(event);
    }
    this.#through = page.through;
    if (text === "") return 0;
    const bytes = Buffer.from(text);
    this.sink.write(bytes);
    const last = page.events.at(-1);
    if (last !== undefined && this.#log.ends(last)) this.close("over");
    return bytes.length;
  }

  /** From now on batches are kept until `goLive`. */
  hold(): void {
    if (this.#state === "catchingUp") this.#state = "holding";
  }

  /** Whether the kept batches go on without a gap from where the reader is. */
  get isBridged(): boolean {
    const first = this.#held[0];
    return first !== undefined && first.first <= this.#through + 1;
  }

  /** The seam: says so, then sends what was kept and not yet covered. */
  goLive(): void {
    if (this.#state !== "holding") return;
    this.#state = "live";
    this.sink.write(CAUGHT_UP);
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const batch of held) this.#send(batch);
  }

  /** A commit's events for this log. */
  offer(batch: Batch): void {
    if (this.#state === "live") return this.#send(batch);
    if (this.#state !== "holding") return;
    this.#held.push(batch);
    this.#heldBytes += batch.whole.length;
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

  #send(batch: Batch): void {
    if (this.isClosed) return;
    const bytes = batch.after(this.#through, this.#sent);
    if (bytes === undefined) return;
    this.#sent = batch.last;
    this.#through = batch.last;
    this.sink.write(bytes);
    if (batch.ends) this.close("over");
    else if (this.sink.backlog() > QUEUE_BYTES) this.close("overflow");
  }
}
