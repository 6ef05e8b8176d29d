import { type CreateSharePreview, sharePreviewSchema } from "@holdfast/protocol";
import { at, type CallOptions } from "./call.ts";
import type { Transport } from "./transport.ts";

/** How long the server may look through a long session before it answers, in ms. */
const PREVIEW_TIMEOUT_MS = 120_000;

export const sharePreviewCalls = ({ send }: Transport) => ({
  /** What sharing the session would publish, and what would be masked; a share is made with its `previewId`. Nothing is sent to anybody. */
  previewShare: async (sessionId: string, body: CreateSharePreview = {}, options?: CallOptions) =>
    (
      await send("POST", at("sessions", sessionId, "share", "preview"), sharePreviewSchema, {
        ...options,
        body,
        timeoutMs: PREVIEW_TIMEOUT_MS,
      })
    ).value,
});
