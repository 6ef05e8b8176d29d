/**
 * One stream for all windows of a browser: the leading window opens it and passes on what it hears, because a browser has few connections (I-16).
 *
 * - Every follower waits for the lead: when the leading window closes, the next opens the stream from its own place.
 * - A window that joins asks; the leader answers with its greeting, which says where the stream is. Items of one leader come in order.
 * - A leader that answers nothing for two beats is frozen: it is deposed, and learns that when it thaws.
 * - Nothing here promises completeness: whoever follows must see from the items whether one is missing, and then read anew.
 */
import { AsyncQueue } from "./async-queue.ts";
import { Leadership } from "./leadership.ts";

/** Ms between two questions of a follower to its leader. A leader that leaves one unanswered until the next is deposed. */
const BEAT_MS = 5_000;
/** Items kept for a consumer that is busy. */
const WAITING_ITEMS = 10_000;

type Message<T> = { kind: "ask" } | { kind: "here" } | { kind: "item"; leader: string; item: T };

/** An item, and which window it came through. */
export type Heard<T> = { leader: string; item: T };

export type SharedSource<T> = {
  /** Opens the stream; it ends with the signal, or rejects for good. */
  open(signal: AbortSignal): AsyncIterable<T>;
  /** What a joining window is told first; undefined until the stream has begun. */
  greeting(): T | undefined;
};

/** Where windows meet. */
export type Tabs = {
  locks: LockManager | undefined;
  channel: (name: string) => BroadcastChannel;
};

/** This browser's own. */
export const browserTabs = (): Tabs => ({
  // Not there on pages that are no secure context.
  locks: (navigator as { locks?: LockManager }).locks,
  channel: (name) => new BroadcastChannel(name),
});

export class SharedStream<T> {
  readonly #name: string;
  readonly #source: SharedSource<T>;
  readonly #tabs: Tabs;

  constructor(name: string, source: SharedSource<T>, tabs: Tabs) {
    this.#name = `holdfast ${name}`;
    this.#source = source;
    this.#tabs = tabs;
  }

  /**
   * Follows, and leads when it is this window's turn, or at once with `isLeading`, until the signal aborts. Rejects when the stream is
   * refused to this window.
   */
  async *follow(signal: AbortSignal, isLeading = false): AsyncGenerator<Heard<T>> {
    const { locks } = this.#tabs;
    const own = new AbortController();
    const over = AbortSignal.any([signal, own.signal]);
    const queue = new AsyncQueue<Heard<T>>(WAITING_ITEMS);
    over.addEventListener("abort", () => queue.end(), { once: true });
    if (over.aborted) queue.end();
    const run = locks === undefined ? this.#alone(queue, over) : this.#among(locks, queue, over, isLeading);
    run.then(() => queue.end()).catch((error: unknown) => queue.end(error));
    try {
      for (let heard = await queue.take(); heard !== undefined; heard = await queue.take()) yield heard;
    } finally {
      own.abort();
    }
  }

  async #alone(queue: AsyncQueue<Heard<T>>, signal: AbortSignal): Promise<void> {
    for await (const item of this.#source.open(signal)) queue.put({ leader: "", item });
  }

  async #among(
    locks: LockManager,
    queue: AsyncQueue<Heard<T>>,
    signal: AbortSignal,
    isLeading: boolean,
  ): Promise<void> {
    const leader = crypto.getRandomValues(new Uint32Array(2)).join("-");
    const leadership = new Leadership(this.#name, locks);
    const channel = this.#tabs.channel(this.#name);
    const post = (message: Message<T>) => channel.postMessage(message);
    let isAnswered = true;
    const answer = () => {
      post({ kind: "here" });
      const item = this.#source.greeting();
      if (item !== undefined) post({ kind: "item", leader, item });
    };
    const ask = () => {
      if (leadership.isLeading) return;
      if (!isAnswered) leadership.seize();
      isAnswered = false;
      post({ kind: "ask" });
    };
    channel.addEventListener("message", ({ data }: MessageEvent<Message<T>>) => {
      if (data.kind === "ask") {
        if (leadership.isLeading) answer();
        return;
      }
      isAnswered = true;
      if (data.kind === "item" && !leadership.isLeading) queue.put({ leader: data.leader, item: data.item });
    });
    const beat = setInterval(ask, BEAT_MS);
    if (isLeading) leadership.seize();
    ask();
    try {
      await leadership.run(signal, async (mine) => {
        for await (const item of this.#source.open(mine)) {
          if (mine.aborted) return;
          post({ kind: "item", leader, item });
          queue.put({ leader, item });
        }
      });
    } finally {
      clearInterval(beat);
      channel.close();
    }
  }
}
