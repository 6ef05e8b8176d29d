/** Which document of a share is kept (S-19); its bytes are among the share's files. */
import { findShare, type ShareRow, stateOf } from "./share-row.ts";
import type { Sql, Write } from "./sql.ts";

type Snapshot = { shareId: string; seq: number; state: string };

/** The hash of the document that shows the share as it is now, if it was made of this. */
export const snapshotOf = (sql: Sql, { shareId, seq, state }: Snapshot): string | undefined =>
  sql.get<{ hash: string }>(
    "SELECT n.hash FROM snapshot n JOIN share s ON s.rid = n.share WHERE s.id = ? AND s.last_seq = ? AND n.state = ?",
    shareId,
    seq,
    state,
  )?.hash;

/** Answers whether it was kept: not once the share has gone on, or has ended. */
export function keepSnapshot(
  write: Write,
  { shareId, seq, state, hash }: Snapshot & { hash: string },
): boolean {
  const share = findShare(write, shareId);
  if (share === undefined || share.last_seq !== seq || stateOf(write, share, write.now) !== "live")
    return false;
  dropSnapshot(write, share);
  write.run("INSERT INTO snapshot (share, state, hash) VALUES (?, ?, ?)", share.rid, state, hash);
  return true;
}

/** With each event of a share, and with its end: a document shows nothing that readers are not shown any more (S-26). */
export function dropSnapshot(write: Write, share: Pick<ShareRow, "rid" | "id">): void {
  const row = write.get<{ hash: string }>("DELETE FROM snapshot WHERE share = ? RETURNING hash", share.rid);
  if (row !== undefined) write.emit({ kind: "blobsGone", shareId: share.id, hashes: [row.hash] });
}
