/** What a command tells once it is committed. */

/** An event as it stands in the share's own numbers; `data` is JSON. */
export type NotedEvent = { seq: number; type: string; time: number; data: string };

export type ShareNote =
  /** New events of a share, in order and without gaps. */
  | { kind: "events"; shareId: string; events: NotedEvent[] }
  /** The share went ahead by more than is told here: readers go on by their cursors. */
  | { kind: "jump"; shareId: string }
  /** Refs or the share itself ended or changed: whoever reads is looked at again. */
  | { kind: "access"; shareId: string }
  /** No row of the share names these blobs any more. */
  | { kind: "blobsGone"; shareId: string; hashes: string[] };

/** Events of one command that are told one by one, and characters of them; more is a jump. */
const TOLD_EVENTS = 1_000;
const TOLD_CHARACTERS = 4 * 1024 * 1024;

/** The events of one command, numbered as they come. */
export class EventLog {
  readonly #shareId: string;
  readonly #time: number;
  #events: NotedEvent[] = [];
  #characters = 0;
  #isJump = false;
  #last: number;

  constructor(shareId: string, last: number, time: number) {
    this.#shareId = shareId;
    this.#last = last;
    this.#time = time;
  }

  /** The seq of the newest event. */
  get last(): number {
    return this.#last;
  }

  /** Answers the event's seq. */
  add(type: string, data: string): number {
    this.#last += 1;
    this.#characters += data.length;
    if (this.#events.length >= TOLD_EVENTS || this.#characters > TOLD_CHARACTERS) this.jump();
    if (!this.#isJump) this.#events.push({ seq: this.#last, type, time: this.#time, data });
    return this.#last;
  }

  /** Takes so many seqs without telling their events one by one. */
  skip(count: number): void {
    this.#last += count;
    if (count > 0) this.jump();
  }

  jump(): void {
    this.#isJump = true;
    this.#events = [];
  }

  notes(): ShareNote[] {
    if (this.#isJump) return [{ kind: "jump", shareId: this.#shareId }];
    return this.#events.length === 0
      ? []
      : [{ kind: "events", shareId: this.#shareId, events: this.#events }];
  }
}
