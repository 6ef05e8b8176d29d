/** How many of something there are, altogether and of each address. */
export class Places {
  readonly #most: number;
  readonly #mostOfOne: number;
  readonly #taken = new Map<string, number>();
  #all = 0;

  constructor(most: number, mostOfOne: number) {
    this.#most = most;
    this.#mostOfOne = mostOfOne;
  }

  /** Takes a place; answers how it is given back (once), or nothing when there is none. */
  take(address: string): (() => void) | undefined {
    const taken = this.#taken.get(address) ?? 0;
    if (this.#all >= this.#most || taken >= this.#mostOfOne) return undefined;
    this.#all += 1;
    this.#taken.set(address, taken + 1);
    let isBack = false;
    return () => {
      if (isBack) return;
      isBack = true;
      this.#all -= 1;
      const left = (this.#taken.get(address) ?? 1) - 1;
      if (left > 0) this.#taken.set(address, left);
      else this.#taken.delete(address);
    };
  }
}
