import type { Store } from "../../src/store/index.ts";

/** Where the process dies: before the store takes the command, or after its commit and before anybody hears of it. */
export type Death = { command: keyof Store; side: "before" | "after" };

/** A process's view of the store. Once dead, nothing it asks reaches the store and nothing is answered, as after kill -9. */
export class MortalStore {
  readonly store: Store;
  readonly #death: Death | undefined;
  readonly #answered = new Map<string, number>();
  #dead = false;

  constructor(engine: Store, death?: Death) {
    this.#death = death;
    this.store = new Proxy(engine, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function" || name === "onCommit") return value;
        return (...args: unknown[]) => this.#call(name, () => Reflect.apply(value, target, args) as unknown);
      },
    });
  }

  get dead(): boolean {
    return this.#dead;
  }

  kill(): void {
    this.#dead = true;
  }

  /** How often the store answered this command or query without a refusal. */
  answered(name: string | symbol): number {
    return this.#answered.get(String(name)) ?? 0;
  }

  async #call(name: string | symbol, command: () => unknown): Promise<unknown> {
    const dies = this.#death?.command === name ? this.#death.side : undefined;
    if (dies === "before") this.#dead = true;
    if (this.#dead) return never();
    const answer = await command();
    this.#answered.set(String(name), this.answered(name) + 1);
    if (dies === "after") this.#dead = true;
    return this.#dead ? never() : answer;
  }
}

const never = () => new Promise<never>(() => undefined);
