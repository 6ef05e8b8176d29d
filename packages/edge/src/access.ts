/**
 * Who may come in (I-6): the server's own token, a browser token that was exchanged for a one-time code, or the secret of a ref (S-13). Tokens are
 * compared by their hashes in constant time, browser tokens and secrets are stored hashed, and no cookie is ever set or read.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import {
  cleanText,
  type Clock,
  HoldfastError,
  isHoldfastError,
  newId,
  notFound,
  randomHex,
} from "@holdfast/kernel";
import {
  type Actor,
  type Caveats,
  proofText,
  type RefId,
  type Right,
  type SessionId,
  type TokenId,
  type tokenInfoSchema,
} from "@holdfast/protocol";
import type { z } from "zod";
import { AccessCodes } from "./access-codes.ts";
import { rateRefusal } from "./problem.ts";
import { bearerOf } from "./request.ts";
import { type Rate, TokenBuckets } from "./token-bucket.ts";

/** Rates of I-6, per address, per browser token and per ref. */
const FAILURES: Rate = { burst: 10, perSecond: 10 / 60 };
const BROWSER: Rate = { burst: 200, perSecond: 200 };
const REF: Rate = { burst: 10, perSecond: 10 };
const REF_INPUTS: Rate = { burst: 6, perSecond: 6 / 60 };
const PROOFS: Rate = { burst: 200, perSecond: 200 };
/** Lifetime of a browser token, and how often its last use is noted, in ms. */
const BROWSER_TOKEN_MS = 30 * 86_400_000;
const TOUCH_MS = 60_000;
const TOKEN_BYTES = 32;
const BROWSER_PREFIX = "hfb_";
const REF_PREFIX = "hfs_";
const LABEL_LENGTH = 120;
/** Least characters of the server's token (interfaces.md section 0). */
const SERVER_TOKEN_LENGTH = 32;

export type TokenInfo = z.infer<typeof tokenInfoSchema>;

type TokenRow = { id: TokenId; label: string; created: number; expires: number; used?: number | undefined };

/** What access asks of the store. */
export type TokenStore = {
  putBrowserToken(row: TokenRow & { hash: string }): Promise<void>;
  touchBrowserToken(command: { id: TokenId }): Promise<void>;
  revokeBrowserTokens(command: { id: TokenId } | { all: true }): Promise<boolean>;
  findBrowserToken(hash: string): Promise<TokenRow | undefined>;
  listBrowserTokens(): Promise<TokenRow[]>;
};

/** A proven caller. */
export type Credential =
  | { kind: "server"; id: string; actor: Actor }
  | { kind: "browser"; id: TokenId; actor: Actor; expires: number }
  | RefCredential;

/** The holder of a ref on one session, who acts as its grant (S-15). `expires`: when the first of its line does; Infinity: never. */
export type RefCredential = {
  kind: "ref";
  id: RefId;
  actor: Actor;
  expires: number;
  sessionId: SessionId;
  rights: readonly Right[];
  caveats: Caveats;
  /** Its uses are over: it is let in for a repetition of what it did, and for nothing else (S-16). */
  isExhausted: boolean;
};

/** What access asks of whoever keeps refs. */
export type RefStore = {
  /** The ref of a secret, by the secret's hash, used from this address now. Rejects REF_NOT_VALID, the same for every reason. */
  find(hash: string, address: string): Promise<RefCredential>;
  /** Hears the id of every ref that works no more. */
  onEnded(listener: (id: RefId) => void): void;
};

const OWNER: Credential = {
  kind: "server",
  id: "owner",
  actor: { id: "owner", kind: "owner", label: "Owner" },
};

/** One end of a connection; undefined once it is gone. */
export type Endpoint = { address: string | undefined; port: number | undefined };

export type AccessDeps = {
  tokens: TokenStore;
  /** Without them no ref is let in. */
  refs?: RefStore | undefined;
  serverToken: string;
  /** Makes and keeps a new server token; absent when the token is not ours to replace. */
  replaceToken?: (() => string) | undefined;
  /** The key in the server's file, in hexadecimal. */
  proofKey: string;
  clock: Clock;
};

export class Access {
  readonly #deps: AccessDeps;
  #serverHash: Buffer;
  readonly #codes: AccessCodes;
  readonly #failures: TokenBuckets;
  readonly #browsers: TokenBuckets;
  readonly #proofs: TokenBuckets;
  readonly #refs: TokenBuckets;
  readonly #refInputs: TokenBuckets;
  readonly #onRevoked = new Set<(credential: string) => void>();

  constructor(deps: AccessDeps) {
    if (deps.serverToken.length < SERVER_TOKEN_LENGTH)
      throw new HoldfastError("UNPROCESSABLE", `The token has fewer than ${SERVER_TOKEN_LENGTH} characters.`);
    this.#deps = deps;
    this.#serverHash = sha256(deps.serverToken);
    this.#codes = new AccessCodes(deps.clock);
    this.#failures = new TokenBuckets(deps.clock, FAILURES);
    this.#browsers = new TokenBuckets(deps.clock, BROWSER);
    this.#proofs = new TokenBuckets(deps.clock, PROOFS);
    this.#refs = new TokenBuckets(deps.clock, REF);
    this.#refInputs = new TokenBuckets(deps.clock, REF_INPUTS);
    deps.refs?.onEnded((id) => this.#tellRevoked(id));
  }

  /**
   * The caller behind an Authorization header. Rejects UNAUTHENTICATED, REF_NOT_VALID for a ref's secret, or RATE_LIMITED after too many failures or
   * requests.
   */
  async identify(header: string | undefined, address: string): Promise<Credential> {
    const token = bearerOf(header);
    if (token === undefined)
      throw new HoldfastError("UNAUTHENTICATED", "Send the token as Authorization: Bearer <token>.");
    const hash = sha256(token);
    if (timingSafeEqual(hash, this.#serverHash)) return OWNER;
    if (token.startsWith(REF_PREFIX) && this.#deps.refs !== undefined)
      return this.#identifyRef(this.#deps.refs, hash.toString("hex"), address);
    const row = token.startsWith(BROWSER_PREFIX)
      ? await this.#deps.tokens.findBrowserToken(hash.toString("hex"))
      : undefined;
    const now = this.#deps.clock.now();
    if (row === undefined || row.expires <= now)
      throw this.#failure(address, "The token is unknown, revoked or expired.");
    const waitMs = this.#browsers.take(row.id);
    if (waitMs !== undefined) throw rateRefusal("A browser token may send 200 requests per second.", waitMs);
    if (now - (row.used ?? 0) > TOUCH_MS) await this.#deps.tokens.touchBrowserToken({ id: row.id });
    const actor: Actor = { id: row.id, kind: "browser", label: row.label };
    return { kind: "browser", id: row.id, actor, expires: row.expires };
  }

  async #identifyRef(refs: RefStore, hash: string, address: string): Promise<RefCredential> {
    const found = await refs.find(hash, address).catch((error: unknown) => {
      const waitMs = isHoldfastError(error, "REF_NOT_VALID") ? this.#failures.take(address) : undefined;
      throw waitMs === undefined ? error : tooManyFailures(waitMs);
    });
    const waitMs = this.#refs.take(found.id);
    if (waitMs !== undefined) throw rateRefusal("A ref may send 10 requests per second.", waitMs);
    return found;
  }

  /** One more input of a caller. Rejects RATE_LIMITED where that is a ref with too many. */
  countInput(credential: Credential | undefined): void {
    if (credential?.kind !== "ref") return;
    const waitMs = this.#refInputs.take(credential.id);
    if (waitMs !== undefined) throw rateRefusal("A ref may send 6 inputs per minute.", waitMs);
  }

  /** That this server holds the key of its file, for one nonce on one connection. Rejects RATE_LIMITED. */
  prove(nonce: string, reachedAt: Endpoint, address: string): string {
    const waitMs = this.#proofs.take(address);
    if (waitMs !== undefined) throw rateRefusal("An address may ask for 200 proofs per second.", waitMs);
    return createHmac("sha256", Buffer.from(this.#deps.proofKey, "hex"))
      .update(proofText(nonce, reachedAt.address, reachedAt.port))
      .digest("hex");
  }

  /** A one-time code for the next browser. */
  issueCode(key: string | undefined): { code: string; expiresAt: number; replayed: boolean } {
    return this.#codes.issue(key);
  }

  /** A browser token for a one-time code. Rejects UNAUTHENTICATED or RATE_LIMITED. */
  async exchange(request: {
    code: string;
    address: string;
    agent: string | undefined;
    key: string | undefined;
  }): Promise<{ token: string; replayed: boolean }> {
    const made = this.#codes.redeem(request.code, request.key, () => BROWSER_PREFIX + randomHex(TOKEN_BYTES));
    if (made === undefined) throw this.#failure(request.address, "The code is unknown, used or expired.");
    if (!made.isNew) return { token: made.token, replayed: true };
    const now = this.#deps.clock.now();
    const row = {
      id: newId("tok", now),
      hash: sha256(made.token).toString("hex"),
      label: cleanText(request.agent ?? "Browser").slice(0, LABEL_LENGTH),
      created: now,
      expires: now + BROWSER_TOKEN_MS,
    };
    await this.#deps.tokens.putBrowserToken(row).catch((error: unknown) => {
      this.#codes.spoil(request.code);
      throw error;
    });
    return { token: made.token, replayed: false };
  }

  /** Browser tokens that are still good; never the tokens themselves. */
  async list(): Promise<TokenInfo[]> {
    const rows = await this.#deps.tokens.listBrowserTokens();
    const now = this.#deps.clock.now();
    return rows.filter((row) => row.expires > now).map(infoOf);
  }

  /** Ends a browser token and what it has open. Rejects NOT_FOUND. */
  async revoke(id: TokenId): Promise<void> {
    if (!(await this.#deps.tokens.revokeBrowserTokens({ id }))) throw notFound("browser token", id);
    this.#tellRevoked(id);
  }

  /** Replaces the server's token and ends every browser token at once (I-6). Rejects CONFLICT when the token was given from outside. */
  async rotate(): Promise<string> {
    const { replaceToken, tokens } = this.#deps;
    if (replaceToken === undefined)
      throw new HoldfastError(
        "CONFLICT",
        "The token was given as HOLDFAST_TOKEN; replace it where that is set.",
      );
    const rows = await tokens.listBrowserTokens();
    await tokens.revokeBrowserTokens({ all: true });
    const token = replaceToken();
    this.#serverHash = sha256(token);
    for (const id of [OWNER.id, ...rows.map((row) => row.id)]) this.#tellRevoked(id);
    return token;
  }

  /** Hears the id of every credential that is good no more, so that its streams end. */
  onRevoked(listener: (credential: string) => void): void {
    this.#onRevoked.add(listener);
  }

  #tellRevoked(id: string): void {
    for (const listener of this.#onRevoked) listener(id);
  }

  #failure(address: string, detail: string): HoldfastError {
    const waitMs = this.#failures.take(address);
    return waitMs === undefined ? new HoldfastError("UNAUTHENTICATED", detail) : tooManyFailures(waitMs);
  }
}

const tooManyFailures = (waitMs: number): HoldfastError =>
  rateRefusal("Too many failed credentials from this address.", waitMs);

function infoOf(row: TokenRow): TokenInfo {
  const time: TokenInfo["time"] = { created: row.created, expires: row.expires };
  if (row.used !== undefined) time.used = row.used;
  return { id: row.id, label: row.label, time };
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
