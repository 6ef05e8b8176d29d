/** What becomes of operations whose blobs the service does not take, or has not got (S-30). Pure. */
import type { ErrorCode, Omission, ShareKey, ShareOperation } from "@holdfast/protocol";

/** Codes by which a service refuses a blob for good (S-30). */
const BLOB_REFUSED: ReadonlySet<ErrorCode> = new Set([
  "TOO_LARGE",
  "QUOTA_EXCEEDED",
  "UNSUPPORTED_TYPE",
  "INVALID_REQUEST",
  "UNPROCESSABLE",
]);

/** How often in a row an upload may arrive damaged before what needs it is left out. */
const MOST_DAMAGED = 3;

/**
 * What comes after the refusal of an upload: the same again, or without what needs it; undefined: what it means to any call. Bytes of another hash than their path
 * says were damaged on the way, for the `damaged`th time: what is stored here has that hash.
 */
export function refusedUpload(code: ErrorCode, damaged: number): "again" | "without" | undefined {
  if (!BLOB_REFUSED.has(code)) return undefined;
  return code === "INVALID_REQUEST" && damaged <= MOST_DAMAGED ? "again" : "without";
}

/** Which of them need one of these blobs, to be left out for this reason. */
export const dependents = (
  operations: readonly ShareOperation[],
  hashes: readonly string[],
  reason: Omission,
): { key: ShareKey; reason: Omission }[] =>
  operations
    .filter(({ dependsOn }) => hashes.some((hash) => dependsOn.includes(`sha256:${hash}`)))
    .map(({ key }) => ({ key, reason }));
