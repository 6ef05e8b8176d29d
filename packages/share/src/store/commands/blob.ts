/** Contents of a share (S-9): each belongs to one share, and nobody learns what others have. Their bytes are the business of `ShareBlobs`. */
import { EMPTY_CHAIN, type ShareId } from "@holdfast/protocol";
import { admit, type By } from "../access.ts";
import { auditOften } from "../audit.ts";
import { findShare } from "../share-row.ts";
import type { Write } from "../sql.ts";
import { requireQuota } from "./require.ts";

/** Notes that the bytes are there. */
export function recordBlob(
  write: Write,
  { shareId, by, hash, size }: { shareId: ShareId; by: By; hash: string; size: number },
): void {
  const { share, line } = admit(write, write.now, { shareId, by, access: "append" });
  const isNew = write.run(
    "INSERT INTO blob (share, hash, size, time_created) VALUES (?, ?, ?, ?) ON CONFLICT (share, hash) DO NOTHING",
    share.rid,
    hash,
    size,
    write.now,
  );
  if (isNew > 0) {
    write.run("UPDATE share SET other_bytes = other_bytes + ? WHERE rid = ?", size, share.rid);
    requireQuota(write, share);
  }
  auditOften(write, { share, by, grant: line[0], action: "putBlob" });
}

/**
 * Forgets contents whose bytes are not there. A stream that shows one of them is no longer what its publisher sent: by its chain the publisher finds that, and
 * sends it anew, with what it needs.
 */
export function forgetBlobs(
  write: Write,
  { shareId, hashes }: { shareId: string; hashes: readonly string[] },
): void {
  const share = findShare(write, shareId);
  if (share === undefined) return;
  for (const hash of hashes) {
    write.run(
      `UPDATE stream SET chain = ? WHERE share = ? AND rid IN (
         SELECT i.stream FROM blob b JOIN blob_use u ON u.blob = b.rid JOIN item i ON i.rid = u.item WHERE b.share = ? AND b.hash = ?)`,
      EMPTY_CHAIN,
      share.rid,
      share.rid,
      hash,
    );
    const row = write.get<{ size: number }>(
      "DELETE FROM blob WHERE share = ? AND hash = ? RETURNING size",
      share.rid,
      hash,
    );
    if (row !== undefined)
      write.run("UPDATE share SET other_bytes = other_bytes - ? WHERE rid = ?", row.size, share.rid);
  }
}
