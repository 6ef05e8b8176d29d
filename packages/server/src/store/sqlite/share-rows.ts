/** What commands on shares and on their outbox do alike. */
import { HoldfastError, notFound } from "@holdfast/kernel";
import type { Actor, ShareState } from "@holdfast/protocol";
import type { ShareClaim } from "../port.ts";
import { announceShare } from "./announce-sessionless.ts";
import { findShare, type ShareRow } from "./rows/index.ts";
import { TAKES_MARKS } from "./share-marks.ts";
import type { Write } from "./sql.ts";

/** Who sends, where nobody asked. */
export const SENDER: Actor = { id: "system:share", kind: "system", label: "share" };

/** Least ms between two events that say only how much waits. */
const TELL_MS = 1_000;

export function requireShare(write: Write, id: string): ShareRow {
  const row = findShare(write, id);
  if (row === undefined) throw notFound("share", id);
  return row;
}

/** The share of a sender that has it still; CLAIM_LOST otherwise. */
export function claimedShare(write: Write, { shareId, claim }: ShareClaim): ShareRow {
  const row = requireShare(write, shareId);
  if (row.claim !== claim)
    throw new HoldfastError("CLAIM_LOST", `Another sender has taken share ${shareId}.`);
  return row;
}

/** States after which nothing of a share is sent any more. */
const TAKES_NO_MARKS: ReadonlySet<ShareState> = new Set(["revoking", "revoked", "expired", "detached"]);

/** Moves a share to a state and does what goes with it: whoever takes no marks keeps nothing that waits, and no masks. */
export function putState(write: Write, row: ShareRow, state: ShareState): void {
  write.run("UPDATE share SET state = ? WHERE rid = ?", state, row.rid);
  if (TAKES_NO_MARKS.has(state)) dropOutbox(write, row.rid);
  countShares(write, row.session_id);
}

/** Says in session and workspace whether a share of theirs takes marks (S-3). Running turns read their session's row again. */
export function countShares(write: Write, sessionId: string): void {
  write.run(
    `UPDATE session SET shared = EXISTS (SELECT 1 FROM share h WHERE h.session_id = session.id AND h.${TAKES_MARKS}) WHERE id = ?`,
    sessionId,
  );
  write.run(
    `UPDATE workspace SET shared = EXISTS (SELECT 1 FROM session s WHERE s.workspace = workspace.rid AND s.shared = 1)
     WHERE rid = (SELECT workspace FROM session WHERE id = ?)`,
    sessionId,
  );
  write.tx.memory.delete(sessionId);
}

function dropOutbox(write: Write, share: number): void {
  for (const table of ["share_dirty", "share_sent", "share_withheld", "share_mask", "share_blob"])
    write.run(`DELETE FROM ${table} WHERE share = ?`, share);
  giveUpBatch(write, share);
  write.run("DELETE FROM share_task WHERE share = ? AND state = 'pending'", share);
  write.run("UPDATE share SET paging = NULL, attempts = 0, next_retry = NULL WHERE rid = ?", share);
}

/** The frozen batch, if there is one, ends without an answer that counts. */
export function giveUpBatch(write: Write, share: number, error: string | null = null): void {
  const open = "share = ? AND state IN ('pending', 'in_flight')";
  write.run(`DELETE FROM share_operation WHERE batch IN (SELECT rid FROM share_batch WHERE ${open})`, share);
  write.run(
    `UPDATE share_batch SET state = 'failed', time_ended = ?, last_error = coalesce(?, last_error) WHERE ${open}`,
    write.now,
    error,
    share,
  );
  // What waited to be uploaded was for its operations.
  write.run("DELETE FROM share_blob WHERE share = ? AND uploaded = 0", share);
}

/** Tells of a share as it is now. */
export function tellShare(write: Write, rid: number, actor: Actor = SENDER): void {
  write.run("UPDATE share SET time_updated = max(?, time_updated) WHERE rid = ?", write.now, rid);
  announceShare(write, rid, actor);
}

/** Tells how far it is, not more often than somebody can read. The last word of a burst comes when nothing waits. */
export function tellProgress(write: Write, row: ShareRow): void {
  const left = write.get("SELECT 1 FROM share_dirty WHERE share = ? LIMIT 1", row.rid);
  if (left === undefined || write.now - row.time_told >= TELL_MS || write.now < row.time_told)
    tellShare(write, row.rid);
}
