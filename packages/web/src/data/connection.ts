/**
 * What the page says of its connection. One machine for all streams of the page:
 *
 *   connecting -> live <-> troubled -(3 s)-> offline;  any -> refused (the token is good no more) | failed (nothing is tried any more)
 *
 * Trouble is shown only when it lasts (I-16); a stream that speaks again ends it.
 */
import { Store } from "./store.ts";

/** How long trouble stays unshown, in ms (I-16). */
const SHOW_AFTER_MS = 3_000;

export type Connection = {
  state: "connecting" | "live" | "troubled" | "offline" | "refused" | "failed";
  since: number;
  /** Why nothing is tried any more; of `failed` only. */
  reason?: string;
};

export class ConnectionMonitor {
  readonly store = new Store<Connection>({ state: "connecting", since: Date.now() });
  readonly #troubled = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The stream `name` speaks. */
  good(name: string): void {
    this.#troubled.delete(name);
    if (this.#troubled.size > 0 || this.#is("refused")) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#is("live")) this.#go("live");
  }

  /** The stream `name` broke and is being made again. */
  bad(name: string): void {
    this.#troubled.add(name);
    if (this.#timer !== undefined || this.#is("refused") || this.#is("offline") || this.#is("failed")) return;
    if (this.#is("live")) this.#go("troubled");
    this.#timer = setTimeout(() => this.#go("offline"), SHOW_AFTER_MS);
  }

  /** The stream `name` is wanted no more. */
  gone(name: string): void {
    if (this.#troubled.has(name)) this.good(name);
  }

  /** The same would be met again: somebody has to ask for another try. */
  fail(reason: string): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.store.set({ state: "failed", since: Date.now(), reason });
  }

  refuse(): void {
    clearTimeout(this.#timer);
    this.#go("refused");
  }

  #is(state: Connection["state"]): boolean {
    return this.store.get().state === state;
  }

  #go(state: Connection["state"]): void {
    this.store.set({ state, since: Date.now() });
  }
}
