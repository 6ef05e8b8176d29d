/**
 * What was sent from here to one session and has no answer yet (D-5, I-15).
 *
 *   waiting -> sending -> (accepted: gone) | refused | unanswered;  unanswered -(retry)-> waiting;  waiting | refused | unanswered -(take back)-> gone
 *
 * - One request is under way at a time, in the order in which things were sent; whoever sends more does not wait for it.
 * - Each has its key from the beginning, and is repeated with it: the server takes it once, whatever got lost and however often the page was loaded.
 * - An unanswered one holds up what comes after it. A refused one does not: it was never taken, and goes back to who wrote it.
 */
import { isApiError, isPassing } from "@holdfast/client";
import type { Delivery, Input } from "@holdfast/protocol";
import { Store } from "../data/index.ts";
import type { Draft } from "./draft.ts";

/** What was sent; `at` in ms since the epoch; `mentions`: with the files that its words mention; `stops`: the turn that is ended for it. */
export type Sent = Draft & {
  key: string;
  at: number;
  delivery: Delivery;
  mentions?: boolean;
  stops?: string;
};
export type Outgoing = Sent & {
  state: "waiting" | "sending" | "refused" | "unanswered";
  problem?: string;
};

/** Where unanswered things outlive the page. */
export type SentMemory = { read(): Sent[]; keep(sent: Sent): void; drop(key: string): void };

/** What is found from an earlier page goes again by itself when it is younger than this, in ms; older ones wait for a word. */
const FRESH_MS = 5 * 60_000;

export class Outbox {
  readonly items: Store<readonly Outgoing[]>;
  readonly #memory: SentMemory;
  readonly #admit: (sent: Sent) => Promise<Input>;
  readonly #listeners = new Set<(input: Input) => void>();

  /** `admit` sends once, and rejects with a final refusal or because no answer came. */
  constructor(memory: SentMemory, admit: (sent: Sent) => Promise<Input>, now = Date.now()) {
    this.#memory = memory;
    this.#admit = admit;
    const found = memory.read().toSorted((a, b) => a.at - b.at);
    const isFresh = found.every(({ at }) => now - at < FRESH_MS);
    this.items = new Store<readonly Outgoing[]>(
      found.map((sent) =>
        isFresh
          ? { ...sent, state: "waiting" }
          : { ...sent, state: "unanswered", problem: "It was sent before this page was loaded." },
      ),
    );
    if (isFresh) void this.#run();
  }

  put(sent: Sent): void {
    this.#memory.keep(sent);
    this.items.update((items) => [...items, { ...sent, state: "waiting" }]);
    void this.#run();
  }

  /** Sends again what got no answer. */
  retry(): void {
    this.items.update((items) =>
      items.map((item) => (item.state === "unanswered" ? { ...item, state: "waiting" } : item)),
    );
    void this.#run();
  }

  /** Takes something out that is not under way right now. */
  takeBack(key: string): void {
    const item = this.items.get().find((one) => one.key === key);
    if (item === undefined || item.state === "sending") return;
    this.#remove(key);
    void this.#run();
  }

  /** Hears of what was accepted. */
  listen(listener: (input: Input) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #run(): Promise<void> {
    for (let item = this.#next(); item !== undefined; item = this.#next()) {
      this.#change(item.key, { state: "sending" });
      try {
        const input = await this.#admit(item);
        this.#remove(item.key);
        for (const listener of this.#listeners) listener(input);
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error);
        this.#change(item.key, {
          state: isApiError(error) && !isPassing(error) ? "refused" : "unanswered",
          problem,
        });
      }
    }
  }

  /** Nothing while something is under way or has no answer, so that one loop at most finds work. */
  #next(): Outgoing | undefined {
    const next = this.items.get().find(({ state }) => state !== "refused");
    return next?.state === "waiting" ? next : undefined;
  }

  #change(key: string, change: Partial<Outgoing>): void {
    this.items.update((items) => items.map((item) => (item.key === key ? { ...item, ...change } : item)));
  }

  #remove(key: string): void {
    this.#memory.drop(key);
    this.items.update((items) => items.filter((item) => item.key !== key));
  }
}
