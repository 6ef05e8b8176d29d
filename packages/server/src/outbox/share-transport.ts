/**
 * How a publisher speaks to a share service (S-11, S-31): the methods of SHARE_METHODS, over REST or capnweb. The sender cannot tell which: the same bytes, the same
 * answers.
 */
import type { ErrorCode, ShareArgs, ShareId, ShareMethod, ShareResult } from "@holdfast/protocol";

export type ShareCall<M extends ShareMethod = ShareMethod> = {
  method: M;
  /** Absent for what is about no share: `createShare` names it in its arguments, `listShares` none. */
  shareId?: ShareId | undefined;
  /** A ref's secret, or a publish key. */
  secret: string;
  args: ShareArgs<M>;
};

/**
 * - `answered`: the service did it.
 * - `refused`: a code of our own table, so the service did not do it. `data` are the members of its problem document, of unknown shape.
 * - `unknown`: no answer, half an answer, or one that nobody of ours wrote: it may have been done (S-6).
 * - `missing`: this door is not there (S-31); nothing was done, another transport may work.
 */
export type ShareAnswer<R> =
  | { outcome: "answered"; result: R }
  | { outcome: "refused"; code: ErrorCode; data: Readonly<Record<string, unknown>>; retryAfterMs?: number }
  | { outcome: "unknown"; reason: string; retryAfterMs?: number }
  | { outcome: "missing"; reason: string };

/** One way to one service. Calls never reject; each ends by its own deadline. */
export type ShareTransport = {
  call<M extends ShareMethod>(call: ShareCall<M>): Promise<ShareAnswer<ShareResult<M>>>;
  /** `PUT /api/shares/:id/blobs/:sha256` (S-9), over HTTP in every transport. */
  putBlob(blob: {
    shareId: ShareId;
    secret: string;
    hash: string;
    bytes: Uint8Array;
  }): Promise<ShareAnswer<null>>;
  close(): void;
};
