/** What the doors of the share service (REST, capnweb, pages) ask of it. */
import type { LogSink } from "@holdfast/edge";
import type { RedeemedShare, ShareArgs, ShareMethod, ShareResult } from "@holdfast/protocol";

/** Who calls: what they hold, a publish key or the secret of a ref, and the address that asks. The service keeps neither beyond the call. */
export type ShareCaller = { bearer?: string | undefined; peer: string };

/**
 * One call of a method of `SHARE_METHODS`. `shareId` is absent for methods of no share; `args` are looked at by the method's schema, so they may be
 * anything that came from outside.
 */
export type ShareRequest = { shareId?: string | undefined; args: unknown; caller: ShareCaller };

/** One event of a share for its readers. `data` is the payload as JSON, made once for all readers; `prev` is the seq that precedes it for this reader. */
export type ShareEvent = {
  seq: number;
  prev: number | undefined;
  type: string;
  /** ms since the epoch. */
  time: number;
  data: string;
};

/** What a stream says of itself (interfaces.md section 0). `state` of a reset are paths to read instead. */
export type ShareControl =
  | { type: "hello"; data: { storeId: string; lastSeq: number } }
  | { type: "caught-up"; data: Record<string, never> }
  | { type: "reset"; data: { reason: "retention" | "ahead" | "store"; lastSeq: number; state: string[] } };

/** Why a stream ended: the ref or the share ended, the reader left or was too slow, the service stops or could not read on. */
export type ShareEnd = "revoked" | "left" | "overflow" | "stopped" | "failed";

/** Where a stream of events goes: one encoding of what was committed together serves all readers (S-19). */
export type ShareSink = LogSink<ShareEvent, ShareControl, ShareEnd>;

export type ShareSubscription = { readonly closed: Promise<ShareEnd>; close(): void };

export type SubscribeRequest = {
  shareId: string;
  caller: ShareCaller;
  /** The last seq that the reader has, as text: `0` for all that is there; absent: from now. */
  after?: string | undefined;
  /** The store that `after` is of; another one answers `reset`. */
  store?: string | undefined;
};

/** A stored blob. `mime` is what the part that shows it says, never to be trusted to run. */
export type ShareBlob = { bytes: Uint8Array; mime: string };

/** The share service without any door (S-1). */
export type ShareCalls = {
  /**
   * Looks at the arguments, who calls, and runs the method; resolves once what it did is durable. Rejects with a HoldfastError: INVALID_REQUEST for the
   * arguments, UNAUTHENTICATED without a bearer where one is needed, REF_NOT_VALID for one that does not work (whyever), FORBIDDEN for one that works
   * and lacks the right, and what the method says.
   */
  call<M extends ShareMethod>(
    method: M,
    request: ShareRequest & { args: ShareArgs<M> },
  ): Promise<ShareResult<M>>;
  /** The same for a method whose name came from outside: NOT_FOUND for an unknown one. */
  callNamed(method: string, request: ShareRequest): Promise<unknown>;
  /** The share that the caller's ref is of, for links, which name none: as `redeemShare` tells it, and refused and counted as that is. */
  redeemLink(caller: ShareCaller): Promise<RedeemedShare>;
  /**
   * Streams a share's events into a sink for as long as the caller's ref lives. Rejects before `open` with REF_NOT_VALID, FORBIDDEN, CURSOR_INVALID,
   * RATE_LIMITED (too many viewers) or SHUTTING_DOWN; whatever happens later ends the sink.
   */
  subscribe(request: SubscribeRequest, open: () => ShareSink): Promise<ShareSubscription>;
  /** Calls `onEnd` once when the caller's ref or share has ended: at its revocation, its expiry, its epoch's end. Answers how to stop watching. */
  watch(request: { shareId: string; caller: ShareCaller }, onEnd: () => void): Promise<() => void>;
  /** Stores a blob of a share (S-9). Needs `append`. Rejects TOO_LARGE, QUOTA_EXCEEDED, and INVALID_REQUEST where the bytes have another hash. */
  putBlob(request: { shareId: string; hash: string; bytes: Uint8Array; caller: ShareCaller }): Promise<void>;
  /** Needs `read`; NOT_FOUND for what no part of the share shows. */
  getBlob(request: { shareId: string; hash: string; caller: ShareCaller }): Promise<ShareBlob>;
};
