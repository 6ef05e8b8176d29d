import type { ShareRow } from "./share-row.ts";
import { dropSnapshot } from "./snapshot.ts";
import type { Write } from "./sql.ts";

/** Removes what a share held: streams with their rows, blobs, comments, removals, its snapshot. Grants and audit stay; files of blobs go after the commit. */
export function purgeShare(write: Write, share: ShareRow): void {
  dropSnapshot(write, share);
  const hashes = write
    .all<{ hash: string }>("SELECT hash FROM blob WHERE share = ?", share.rid)
    .map(({ hash }) => hash);
  write.run("UPDATE share SET live = NULL, staged = NULL, other_bytes = 0 WHERE rid = ?", share.rid);
  for (const table of ["stream", "blob", "comment", "removal", "writer", "known_stream"])
    write.run(`DELETE FROM ${table} WHERE share = ?`, share.rid);
  if (hashes.length > 0) write.emit({ kind: "blobsGone", shareId: share.id, hashes });
}

/** Removes a stream and its rows, and the blobs that nothing shows any more. It is neither live nor staged any longer. */
export function dropStream(write: Write, share: Pick<ShareRow, "rid" | "id">, streamRid: number): void {
  const used = write.all<{ blob: number }>(
    "SELECT DISTINCT u.blob FROM item i JOIN blob_use u ON u.item = i.rid WHERE i.stream = ?",
    streamRid,
  );
  write.run("DELETE FROM stream WHERE rid = ?", streamRid);
  dropUnusedBlobs(
    write,
    share,
    used.map(({ blob }) => blob),
  );
}

/** Of these blobs those that no row shows any more (S-26). */
export function dropUnusedBlobs(
  write: Write,
  share: Pick<ShareRow, "rid" | "id">,
  blobs: readonly number[],
): void {
  const hashes: string[] = [];
  for (const rid of blobs) {
    if (write.get("SELECT 1 FROM blob_use WHERE blob = ?", rid) !== undefined) continue;
    const row = write.get<{ hash: string; size: number }>(
      "DELETE FROM blob WHERE rid = ? RETURNING hash, size",
      rid,
    );
    if (row === undefined) continue;
    write.run("UPDATE share SET other_bytes = other_bytes - ? WHERE rid = ?", row.size, share.rid);
    hashes.push(row.hash);
  }
  if (hashes.length > 0) write.emit({ kind: "blobsGone", shareId: share.id, hashes });
}
