/**
 * How the list of shares is opened in a browser (S-35): who holds the publish key asks for a code that works once, and the page gives it for a token that lives in
 * its memory. Key, codes and tokens are kept in this process alone, and end with it.
 */
import { type Clock, HoldfastError, randomHex } from "@holdfast/kernel";

/** How long a code waits, and how long a page may read the list, in ms. */
const CODE_MS = 60_000;
const TOKEN_MS = 30 * 60_000;
/** Codes or tokens at once; the oldest go. */
const MAX_OPEN = 100;
/** Bytes of chance in each. */
const BYTES = 16;

type Held = { key: string; until: number };

export class ListCodes {
  readonly #clock: Clock;
  readonly #codes = new Map<string, Held>();
  readonly #tokens = new Map<string, Held>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A code for who was found to hold this publish key. */
  make(key: string): { code: string; expiresAt: number } {
    const expiresAt = this.#clock.now() + CODE_MS;
    const code = randomHex(BYTES);
    put(this.#codes, code, { key, until: expiresAt });
    return { code, expiresAt };
  }

  /** Throws UNAUTHENTICATED for a code that is none, or was used. */
  exchange(code: string): { token: string } {
    const held = this.#codes.get(code);
    this.#codes.delete(code);
    if (held === undefined || held.until <= this.#clock.now())
      throw new HoldfastError("UNAUTHENTICATED", "The code was used already, or is older than a minute.");
    const token = randomHex(BYTES);
    put(this.#tokens, token, { key: held.key, until: this.#clock.now() + TOKEN_MS });
    return { token };
  }

  /** The key behind a token. Throws UNAUTHENTICATED. */
  keyOf(token: string | undefined): string {
    const held = token === undefined ? undefined : this.#tokens.get(token);
    if (held === undefined || held.until <= this.#clock.now())
      throw new HoldfastError("UNAUTHENTICATED", "This list was opened too long ago. Open it again.");
    return held.key;
  }
}

function put(all: Map<string, Held>, name: string, held: Held): void {
  all.set(name, held);
  for (const oldest of all.keys()) {
    if (all.size <= MAX_OPEN) return;
    all.delete(oldest);
  }
}
