import { type Clock, randomHex } from "@holdfast/kernel";

/** How long a one-time code is good, in ms, and its random bytes (I-6). */
const CODE_MS = 60_000;
const CODE_BYTES = 16;
/** Codes that are open at once; the oldest goes first. */
const CODES = 64;

type Code = { expiresAt: number; used?: { key: string; token: string } };

/** One-time codes of `holdfast open`. They live in memory only: after a restart a new one is made. */
export class AccessCodes {
  readonly #clock: Clock;
  readonly #codes = new Map<string, Code>();
  readonly #issued = new Map<string, string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A new code, or the one that the same key got while it is good. */
  issue(key: string | undefined): { code: string; expiresAt: number; replayed: boolean } {
    this.#forget();
    const earlier = key === undefined ? undefined : this.#issued.get(key);
    const known = earlier === undefined ? undefined : this.#codes.get(earlier);
    if (earlier !== undefined && known !== undefined)
      return { code: earlier, expiresAt: known.expiresAt, replayed: true };
    const code = randomHex(CODE_BYTES);
    const expiresAt = this.#clock.now() + CODE_MS;
    this.#codes.set(code, { expiresAt });
    if (key !== undefined) this.#issued.set(key, code);
    return { code, expiresAt, replayed: false };
  }

  /**
   * Uses a code up, once: `make` is called for the first caller; a repetition under the same key gets the same token as long as the code
   * would have been good. `undefined`: unknown, used or too old.
   */
  redeem(
    code: string,
    key: string | undefined,
    make: () => string,
  ): { token: string; isNew: boolean } | undefined {
    this.#forget();
    const known = this.#codes.get(code);
    if (known === undefined) return undefined;
    if (known.used !== undefined)
      return key !== undefined && known.used.key === key
        ? { token: known.used.token, isNew: false }
        : undefined;
    const token = make();
    if (key === undefined) this.#codes.delete(code);
    else known.used = { key, token };
    return { token, isNew: true };
  }

  /** Takes a code out of use: what it was exchanged for could not be kept. */
  spoil(code: string): void {
    this.#codes.delete(code);
  }

  #forget(): void {
    const now = this.#clock.now();
    for (const [code, { expiresAt }] of this.#codes)
      if (expiresAt <= now || this.#codes.size > CODES) this.#codes.delete(code);
    for (const [key, code] of this.#issued) if (!this.#codes.has(code)) this.#issued.delete(key);
  }
}
