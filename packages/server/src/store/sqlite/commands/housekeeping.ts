import type { EventType } from "@holdfast/protocol";
import { eventCode, RETENTION } from "../../model/index.ts";
import type { Write } from "../sql.ts";

/** Deletes what has served its time, at most `limit` rows a kind; answers how many rows went. Never part of a finalization (D-14). */
export function sweepHousekeeping(write: Write, command: { limit: number }): number {
  const { limit } = command;
  const { now } = write;
  giveBackPages(write);
  return (
    sweepDeltas(write, limit) +
    write.run(
      "DELETE FROM idempotency WHERE rid IN (SELECT rid FROM idempotency WHERE session IS NULL AND time < ? LIMIT ?)",
      now - RETENTION.idempotency,
      limit,
    ) +
    write.run(
      "DELETE FROM tombstone WHERE session_id IN (SELECT session_id FROM tombstone WHERE time < ? LIMIT ?)",
      now - RETENTION.tombstone,
      limit,
    ) +
    sweepEnds(write, "session.deleted", limit) +
    sweepEnds(write, "worktree.updated", limit) +
    sweepEnds(write, "change.updated", limit) +
    write.run(
      "DELETE FROM operation WHERE rid IN (SELECT rid FROM operation WHERE time_ended < ? LIMIT ?)",
      now - RETENTION.operation,
      limit,
    ) +
    write.run(
      "DELETE FROM worktree_audit WHERE rid IN (SELECT rid FROM worktree_audit WHERE time < ? LIMIT ?)",
      now - RETENTION.worktreeAudit,
      limit,
    ) +
    sweepShares(write, limit) +
    write.run(
      "DELETE FROM ref_audit WHERE rid IN (SELECT rid FROM ref_audit WHERE last < ? LIMIT ?)",
      now - RETENTION.refAudit,
      limit,
    ) +
    write.run(
      `DELETE FROM instance WHERE ended < ? AND NOT EXISTS (SELECT 1 FROM claim WHERE claim.instance = instance.id)
       AND NOT EXISTS (SELECT 1 FROM workspace_lease WHERE workspace_lease.instance = instance.id)`,
      now - RETENTION.instance,
    )
  );
}

/** With its last event goes the row, and all that hangs on it. */
function sweepShares(write: Write, limit: number): number {
  const rows = write.all<{ rid: number; event_position: number }>(
    `SELECT rid, event_position FROM share WHERE state IN ('revoked', 'expired', 'detached') AND time_updated < ?
     AND event_position < (SELECT max(position) FROM event) LIMIT ?`,
    write.now - RETENTION.endedShare,
    limit,
  );
  for (const { rid, event_position: position } of rows) {
    write.run("DELETE FROM event WHERE position = ?", position);
    write.run("DELETE FROM share WHERE rid = ?", rid);
  }
  return rows.length;
}

/** The last words on rows that are gone: events without a row. The newest event of all stays, so that no position is given twice (D-3). */
const sweepEnds = (write: Write, type: EventType, limit: number): number =>
  write.run(
    `DELETE FROM event WHERE position IN (SELECT position FROM event WHERE session IS NULL AND type = ${eventCode(type)}
     AND ref IS NULL AND time < ? AND position < (SELECT max(position) FROM event) LIMIT ?)`,
    write.now - RETENTION.tombstone,
    limit,
  );

/** Pages that stay free for what comes next, and how many are given back in one sweep: 4 MiB that the log has to carry. */
const FREE_PAGES_KEPT = 64;
const PAGES_GIVEN_BACK = 256;

/** Shrinks the file by some of its free pages (D-26). What was freed by this sweep goes with the next. */
function giveBackPages(write: Write): void {
  const row = write.get<{ freelist_count: number }>("PRAGMA freelist_count");
  const spare = (row?.freelist_count ?? 0) - FREE_PAGES_KEPT;
  if (spare > 0) write.all(`PRAGMA incremental_vacuum(${PAGES_GIVEN_BACK})`);
}

type Ended = { rid: number; session: number; first_seq: number; event_seq: number };

/** Deltas of an ended turn are superseded by their parts' whole rows; the turn names the range of seqs they lie in. */
function sweepDeltas(write: Write, limit: number): number {
  const turns = write.all<Ended>(
    "SELECT rid, session, first_seq, event_seq FROM turn WHERE swept = 0 AND time_ended < ? ORDER BY time_ended LIMIT ?",
    write.now - RETENTION.deltasAfterTurn,
    limit,
  );
  let gone = 0;
  for (const turn of turns) {
    if (gone >= limit) break;
    const left = limit - gone;
    const dropped = write.run(
      `DELETE FROM event WHERE position IN (SELECT position FROM event WHERE session = ? AND seq BETWEEN ? AND ?
       AND type = ${eventCode("message.part.delta")} AND turn = ? LIMIT ?)`,
      turn.session,
      turn.first_seq,
      turn.event_seq,
      turn.rid,
      left,
    );
    gone += dropped;
    if (dropped < left) write.run("UPDATE turn SET swept = 1 WHERE rid = ?", turn.rid);
  }
  return gone;
}
