/** Who calls (S-13, I-6): a publish key of this service or the secret of a ref, as hashes; how often they may, and how often somebody may guess. */
import { createHash, timingSafeEqual } from "node:crypto";
import { rateRefusal, TokenBuckets } from "@holdfast/edge";
import { type Clock, HoldfastError, secretHash } from "@holdfast/kernel";
import type { By } from "../store/index.ts";
import type { ShareCaller } from "./contract.ts";

/** Readers, by ref and address; who writes, by ref; secrets that do not work, by address. Requests at once, and a second after that. */
const READS = { burst: 60, perSecond: 10 };
const WRITES = { burst: 400, perSecond: 200 };
const FAILURES = { burst: 10, perSecond: 10 / 60 };
/** Characters of a bearer that is looked at. */
const BEARER_LENGTH = 512;

export class Credentials {
  readonly #keys: readonly Buffer[];
  readonly #reads: TokenBuckets;
  readonly #writes: TokenBuckets;
  readonly #failures: TokenBuckets;

  constructor(keys: readonly string[], clock: Clock) {
    this.#keys = keys.map(sha256);
    this.#reads = new TokenBuckets(clock, READS);
    this.#writes = new TokenBuckets(clock, WRITES);
    this.#failures = new TokenBuckets(clock, FAILURES);
  }

  /** Throws UNAUTHENTICATED without a bearer. Whether a secret works is not looked at here. */
  identify({ bearer, peer }: ShareCaller): By {
    if (bearer === undefined || bearer === "" || bearer.length > BEARER_LENGTH)
      throw new HoldfastError(
        "UNAUTHENTICATED",
        "Send a publish key or the secret of a ref as Authorization: Bearer <secret>.",
      );
    const hash = sha256(bearer);
    let isKey = false;
    for (const key of this.#keys) isKey = timingSafeEqual(key, hash) || isKey;
    return isKey ? { key: hash.toString("hex"), peer } : { hash: secretHash(bearer), peer };
  }

  /** Throws RATE_LIMITED. */
  requireRate(by: By, does: "read" | "write"): void {
    const name = by.key ?? by.hash ?? "";
    const waitMs = does === "read" ? this.#reads.take(`${name} ${by.peer}`) : this.#writes.take(name);
    if (waitMs !== undefined) throw rateRefusal("Too many requests with this ref.", waitMs);
  }

  /** What to refuse a secret with that did not work: the refusal, or RATE_LIMITED after many of them. */
  refusal(peer: string, refused: HoldfastError): HoldfastError {
    const waitMs = this.#failures.take(peer);
    return waitMs === undefined
      ? refused
      : rateRefusal("Too many refs that do not work from this address.", waitMs);
  }
}

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();
