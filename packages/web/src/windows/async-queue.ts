/** What has come and was not taken yet, in order. Beyond its limit the oldest is dropped: who takes from it must notice gaps. */
export class AsyncQueue<T> {
  readonly #limit: number;
  #waiting: T[] = [];
  #taker: ((item: T | undefined) => void) | undefined;
  #over: { error?: unknown } | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  put(item: T): void {
    if (this.#over !== undefined) return;
    const taker = this.#taker;
    if (taker !== undefined) {
      this.#taker = undefined;
      taker(item);
      return;
    }
    this.#waiting.push(item);
    if (this.#waiting.length > this.#limit) this.#waiting.shift();
  }

  /** Ends it at once, with an error when there is one; what waits is forgotten. */
  end(error?: unknown): void {
    this.#over ??= error === undefined ? {} : { error };
    this.#waiting = [];
    this.#taker?.(undefined);
    this.#taker = undefined;
  }

  /** The next item; undefined at the end. One taker at a time. */
  async take(): Promise<T | undefined> {
    const item =
      this.#over === undefined && this.#waiting.length === 0
        ? await new Promise<T | undefined>((resolve) => (this.#taker = resolve))
        : this.#waiting.shift();
    if (item === undefined && this.#over !== undefined && "error" in this.#over) throw this.#over.error;
    return item;
  }
}
