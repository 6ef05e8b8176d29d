import { HoldfastError, notFound } from "@holdfast/kernel";
import type { SessionId, TurnId } from "@holdfast/protocol";
import type { SessionNote } from "../../port.ts";
import { ownedSession } from "../log.ts";
import { findTurnHead } from "../rows/index.ts";
import type { Write } from "../sql.ts";

type NewNote = Pick<SessionNote, "sessionId" | "kind" | "paths">;

/** Notes of sessions that are gone have nobody to be told to. */
export function insertNotes(write: Write, notes: readonly NewNote[]): void {
  for (const { sessionId, kind, paths } of notes) {
    write.run(
      "INSERT INTO session_note (session, kind, paths, time) SELECT rid, ?, ?, ? FROM session WHERE id = ?",
      kind,
      JSON.stringify(paths),
      write.now,
      sessionId,
    );
  }
}

type Take = { sessionId: SessionId; turnId: TurnId; epoch: number };

/**
 * Gives a session's untold notes to a running turn, for good: no later turn gets them, the same turn gets them again (W-6). CLAIM_LOST when the epoch is not
 * the session's, so that a dead owner takes nothing (D-17).
 */
export function takeNotes(write: Write, command: Take): SessionNote[] {
  const { sessionId, turnId, epoch } = command;
  const session = ownedSession(write, sessionId, epoch);
  const turn = findTurnHead(write, turnId);
  if (turn === undefined || turn.session !== session.rid) throw notFound("turn of this session", turnId);
  if (turn.state !== "running")
    throw new HoldfastError("CONFLICT", `Turn ${turnId} is ${turn.state}, not running.`);
  write.run("UPDATE session_note SET turn_id = ? WHERE session = ? AND turn_id IS NULL", turnId, session.rid);
  return write
    .all<{ rid: number; paths: string }>(
      "SELECT rid, paths FROM session_note WHERE session = ? AND turn_id = ? ORDER BY rid",
      session.rid,
      turnId,
    )
    .map(({ rid, paths }) => ({
      id: rid,
      sessionId,
      kind: "rejected",
      paths: JSON.parse(paths) as string[],
    }));
}
