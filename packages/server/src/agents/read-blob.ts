import type { SessionId } from "@holdfast/protocol";

/** Reads stored content (D-28); `undefined` when the session has none with this hash. */
export type ReadBlob = (
  hash: string,
  sessionId: SessionId,
) => Promise<{ bytes: Uint8Array; mime: string } | undefined>;

/** An attachment that is not in the store any more. */
export class MissingBlobError extends Error {
  constructor(name: string) {
    super(`The attachment ${name} is no longer stored; send it again.`);
    this.name = "MissingBlobError";
  }
}
