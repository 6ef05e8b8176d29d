/** Calls on shares: publishing a session to a share service, and taking it back (S-2). */
import {
  changedShareSchema,
  createdShareSchema,
  type CreateShare,
  type CreateSharePreview,
  type OpenShareList,
  type PatchShare,
  type Share,
  shareAuditSchema,
  shareBatchListSchema,
  shareLinkSchema,
  shareListLinkSchema,
  shareListSchema,
  sharePreviewSchema,
  shareRefListSchema,
  shareSchema,
} from "@holdfast/protocol";
import { at, type CallOptions } from "./call.ts";
import type { Transport } from "./transport.ts";

/** How long the server may look through a long session, and the share service beside it may take to start, in ms. */
const PREVIEW_TIMEOUT_MS = 120_000;
const CREATE_TIMEOUT_MS = 120_000;

type Before = { before?: string };

export function shareCalls({ send }: Transport) {
  const act =
    (name: "pause" | "resume" | "adopt") =>
    async (id: string, options?: CallOptions): Promise<Share> =>
      (await send("POST", at("shares", id, name), changedShareSchema, { ...options, body: {} })).value.share;
  return {
    /** What sharing the session would publish, and what would be masked; a share is made with its `previewId`. Nothing is sent to anybody. */
    previewShare: async (sessionId: string, body: CreateSharePreview = {}, options?: CallOptions) =>
      (
        await send("POST", at("sessions", sessionId, "share", "preview"), sharePreviewSchema, {
          ...options,
          body,
          timeoutMs: PREVIEW_TIMEOUT_MS,
        })
      ).value,
    /** Shares a session as a preview showed it; the link works once the service was told. */
    createShare: async (sessionId: string, body: CreateShare, options?: CallOptions) =>
      (
        await send("POST", at("sessions", sessionId, "share"), createdShareSchema, {
          ...options,
          body,
          timeoutMs: CREATE_TIMEOUT_MS,
        })
      ).value,
    listShares: async (query: { sessionId?: string } = {}, options?: CallOptions) =>
      (await send("GET", at("shares"), shareListSchema, { ...options, query })).value,
    /** An address by which a browser reads the list of all shares of the server's publish key, once and within a minute. */
    shareListLink: async (body: OpenShareList = {}, options?: CallOptions) =>
      (await send("POST", at("shares", "open"), shareListLinkSchema, { ...options, body })).value,
    getShare: async (id: string, options?: CallOptions) =>
      (await send("GET", at("shares", id), shareSchema, options)).value,
    patchShare: async (id: string, body: PatchShare, options?: CallOptions) =>
      (await send("PATCH", at("shares", id), changedShareSchema, { ...options, body })).value.share,
    /** Takes it back: `revoking` until the service has confirmed it, then `revoked`. */
    revokeShare: async (id: string, options?: CallOptions) =>
      (await send("DELETE", at("shares", id), changedShareSchema, options)).value.share,
    pauseShare: act("pause"),
    resumeShare: act("resume"),
    /** Takes a share over that another publisher writes, or whose refs others renewed. */
    adoptShare: act("adopt"),
    /** Ends every link and ref of the share for good, and makes a new link. */
    renewShare: async (id: string, options?: CallOptions) =>
      (await send("POST", at("shares", id, "renew"), createdShareSchema, { ...options, body: {} })).value,
    shareLink: async (id: string, options?: CallOptions) =>
      (await send("GET", at("shares", id, "link"), shareLinkSchema, options)).value,
    /** The refs of a share as its service has them, its link among them; `createRef` makes further ones. */
    listShareRefs: async (id: string, query: Before = {}, options?: CallOptions) =>
      (await send("GET", at("shares", id, "refs"), shareRefListSchema, { ...options, query })).value,
    revokeShareRef: async (id: string, body: { refId: string; reason?: string }, options?: CallOptions) =>
      (await send("POST", at("shares", id, "refs", "revoke"), changedShareSchema, { ...options, body })).value
        .share,
    /** Who read and did what, as the service wrote it down. */
    shareAudit: async (id: string, query: Before & { refId?: string } = {}, options?: CallOptions) =>
      (await send("GET", at("shares", id, "audit"), shareAuditSchema, { ...options, query })).value,
    listShareBatches: async (id: string, options?: CallOptions) =>
      (await send("GET", at("shares", id, "batches"), shareBatchListSchema, options)).value,
  };
}
