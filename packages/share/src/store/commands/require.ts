/** What commands ask of a share as a whole before they are committed (S-9). */
import { HoldfastError } from "@holdfast/kernel";
import { bytesOf, type ShareRow } from "../share-row.ts";
import type { Write } from "../sql.ts";

/** Throws QUOTA_EXCEEDED, which undoes the command. */
export function requireQuota(write: Write, share: ShareRow): void {
  const row = write.get<ShareRow>("SELECT * FROM share WHERE rid = ?", share.rid) ?? share;
  if (bytesOf(write, row) > row.quota)
    throw new HoldfastError(
      "QUOTA_EXCEEDED",
      `The share ${share.id} may have ${row.quota} bytes, and this would be more.`,
      { data: { quota: row.quota } },
    );
}

/** Throws DEPENDENCY_UNMET with the blobs that were not uploaded: once they are, the same is taken. */
export function requireBlobs(write: Write, share: ShareRow, hashes: ReadonlySet<string>): void {
  const missing = [...hashes].filter(
    (hash) => write.get("SELECT 1 FROM blob WHERE share = ? AND hash = ?", share.rid, hash) === undefined,
  );
  if (missing.length > 0)
    throw new HoldfastError(
      "DEPENDENCY_UNMET",
      `The share ${share.id} lacks ${missing.length} blobs; upload them first.`,
      { data: { missing: missing.map((hash) => `sha256:${hash}`) } },
    );
}
