import type { Clock } from "@holdfast/kernel";

type Bucket = { tokens: number; at: number };

/** How fast something may happen: `burst` at once, then `perSecond`. */
export type Rate = { burst: number; perSecond: number };

/** Token buckets by key, for at most `keys` keys; the least recently used is forgotten first. */
export class TokenBuckets {
  readonly #buckets = new Map<string, Bucket>();
  readonly #clock: Clock;
  readonly #rate: Rate;
  readonly #keys: number;

  constructor(clock: Clock, rate: Rate, keys = 10_000) {
    this.#clock = clock;
    this.#rate = rate;
    this.#keys = keys;
  }

  /** Takes one token. Answers the ms until there is one when there is none. */
  take(key: string): number | undefined {
    const now = this.#clock.monotonic();
    const known = this.#buckets.get(key) ?? { tokens: this.#rate.burst, at: now };
    const earned = ((now - known.at) / 1000) * this.#rate.perSecond;
    const tokens = Math.min(this.#rate.burst, known.tokens + earned);
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: tokens < 1 ? tokens : tokens - 1, at: now });
    const oldest = this.#buckets.keys().next().value;
    if (this.#buckets.size > this.#keys && oldest !== undefined) this.#buckets.delete(oldest);
    return tokens < 1 ? ((1 - tokens) / this.#rate.perSecond) * 1000 : undefined;
  }
}
