/** The outbox's view of S-17: what of a row may leave, decided by the room that knows; the outbox only compares and sends. */
import type { Omission } from "@holdfast/protocol";
import type { ShareMask, SourceRow, StoredShare, WholeType } from "../store/index.ts";

/** A blob that an operation names. `read` is asked only when neither the store nor the service has it; `undefined`: its source is gone (S-30). */
export type PublishedBlob = { hash: string; mime: string; read(): Promise<Uint8Array | undefined> };

export type PublishedRow =
  | {
      is: "row";
      type: WholeType;
      payload: Record<string, unknown>;
      blobs: PublishedBlob[];
    }
  /** Nothing of it is shown. */
  | { is: "none" }
  | { is: "omitted"; reason: Omission };

/**
 * Rows as they may be published, in the order of `rows`, and the masks that were found with them: whatever a new mask covers is masked in these rows already.
 * `masks` are those of before. Deterministic: the same input gives the same rows.
 */
export type Projection = (input: {
  share: Pick<StoredShare, "id" | "sessionId" | "includes">;
  rows: readonly SourceRow[];
  masks: readonly ShareMask[];
}) => Promise<{ rows: PublishedRow[]; masks: ShareMask[] }>;
