/** What becomes of operations whose blobs the service does not take, or has not got (S-30). Pure. */
import type { ErrorCode, Omission, ShareKey, ShareOperation } from "@holdfast/protocol";

/** Codes by which a service refuses a blob for good (S-30). */
export const BLOB_REFUSED: ReadonlySet<ErrorCode> = new Set([
  "TOO_LARGE",
  "QUOTA_EXCEEDED",
  "UNSUPPORTED_TYPE",
  "INVALID_REQUEST",
  "UNPROCESSABLE",
]);

/** Which of them need one of these blobs, to be left out for this reason. */
export const dependents = (
  operations: readonly ShareOperation[],
  hashes: readonly string[],
  reason: Omission,
): { key: ShareKey; reason: Omission }[] =>
  operations
    .filter(({ dependsOn }) => hashes.some((hash) => dependsOn.includes(`sha256:${hash}`)))
    .map(({ key }) => ({ key, reason }));
