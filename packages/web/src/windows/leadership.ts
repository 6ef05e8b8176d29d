/**
 * Which window of this browser does a piece of work for all of them: the one that holds a Web Lock. Invariants: at most one window works, save for the
 * moment in which a lock is taken by force; a window that closes or crashes loses its lock at once, and the next in the queue works.
 *
 *   waiting -> leading -> over;  leading -(taken by another)-> waiting;  waiting -(seize)-> leading
 */
export class Leadership {
  readonly #name: string;
  readonly #locks: LockManager;
  #waiting = new AbortController();
  #isSeizing = false;
  #isLeading = false;

  constructor(name: string, locks: LockManager) {
    this.#name = name;
    this.#locks = locks;
  }

  get isLeading(): boolean {
    return this.#isLeading;
  }

  /** Takes the lock from a window that does not answer: a frozen one keeps its lock and does nothing. */
  seize(): void {
    if (this.#isLeading) return;
    this.#isSeizing = true;
    this.#waiting.abort();
  }

  /** Waits for the lead and works, again and again, until the work ends by itself or the signal aborts. Rejects as the work does. */
  async run(signal: AbortSignal, work: (mine: AbortSignal) => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      const mine = new AbortController();
      this.#waiting = new AbortController();
      const options = this.#isSeizing
        ? { steal: true }
        : { signal: AbortSignal.any([signal, this.#waiting.signal]) };
      this.#isSeizing = false;
      const failures: unknown[] = [];
      try {
        const isOver = await this.#locks.request(this.#name, options, async () => {
          if (signal.aborted) return true;
          this.#isLeading = true;
          try {
            await work(AbortSignal.any([signal, mine.signal]));
          } catch (error) {
            failures.push(error);
          }
          return true;
        });
        if (isOver && failures.length === 0) return;
      } catch {
        // The wait was given up, or the lock was taken by force: the loop looks again.
      } finally {
        this.#isLeading = false;
        mine.abort();
      }
      if (failures.length > 0) throw failures[0];
    }
  }
}
