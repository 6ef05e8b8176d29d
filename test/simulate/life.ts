import type { Clock, FakeClock } from "@holdfast/kernel";
import type { InlineRunner, Runner } from "@holdfast/sqlite";

/** What a program that is dead waits for: it never comes. */
export const never = <T>(): Promise<T> => new Promise(() => undefined);

/** Called around each command of a program; may end its life, or let others act meanwhile. */
export type Around = { before(command: string, args: unknown): Promise<void>; after(command: string): void };

/**
 * One run of a program of the simulation, from its start to its death. What its code waits for never comes once it is dead, and its timers do not ring: a
 * death is an instant between two awaits, as `kill -9` is one between two writes. What it reads between its death and its next await changes nothing.
 */
export class Life {
  readonly over: Promise<void>;
  readonly #end: () => void;
  #isOver = false;

  constructor() {
    const end = Promise.withResolvers<void>();
    this.over = end.promise;
    this.#end = end.resolve;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  end(): void {
    this.#isOver = true;
    this.#end();
  }

  /** The promise as this program sees it. */
  async of<T>(promise: Promise<T>): Promise<T> {
    try {
      const value = await promise;
      return this.#isOver ? await never() : value;
    } catch (error) {
      if (this.#isOver) await never();
      throw error;
    }
  }

  clock(clock: FakeClock): Clock {
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (ms, run) => clock.after(ms, () => (this.#isOver ? undefined : run())),
    };
  }

  /** The database as this program has it open. */
  runner(inner: InlineRunner, around?: Around): Runner {
    return {
      ...inner,
      run: async <T>(name: string, args: unknown): Promise<T> => {
        if (this.#isOver) return never();
        await around?.before(name, args);
        if (this.#isOver) return never();
        const done = inner.run<T>(name, args);
        around?.after(name);
        return this.of(done);
      },
      query: (name, args) => (this.#isOver ? never() : this.of(inner.query(name, args))),
    };
  }
}
