import type { Actor, ApprovalMode } from "@holdfast/protocol";
import type { Sql } from "../sql.ts";
import { loadActor } from "./actor.ts";
import type { SessionRow } from "./session.ts";
import { findTurn, turnByRid, type TurnRow } from "./turn.ts";

/** Turns that are looked back at; each step leads to an older one. */
const MOST_STEPS = 1_000;

/**
 * Who is behind a turn: who asked for it, and of one that nobody asked for, who is behind the turn that it goes on from (D-19, A-29), or behind the one before
 * it, in which its agent began what it does by itself.
 */
export function askerOf(sql: Sql, turn: TurnRow): Actor {
  let at = turn;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const actor = loadActor(sql, at.actor);
    const before = actor.kind === "system" || at.input_id === null ? turnBefore(sql, at) : undefined;
    if (before === undefined) return actor;
    at = before;
  }
  return loadActor(sql, at.actor);
}

function turnBefore(sql: Sql, turn: TurnRow): TurnRow | undefined {
  if (turn.resumes !== null) return findTurn(sql, turn.resumes);
  if (turn.input_id !== null) return undefined;
  const row = sql.get<{ rid: number }>(
    `SELECT rid FROM turn WHERE session = ? AND first_seq > 0 AND first_seq < (SELECT first_seq FROM turn WHERE rid = ?)
     ORDER BY first_seq DESC LIMIT 1`,
    turn.session,
    turn.rid,
  );
  return row && turnByRid(sql, row.rid);
}

/** How the agent of a turn asks: as its session says, and with a ref behind it never less (S-28). */
export function approvalModeOf(
  sql: Sql,
  session: Pick<SessionRow, "approval_mode">,
  turn: number,
): ApprovalMode {
  const mode = session.approval_mode as ApprovalMode;
  if (mode === "ask" || mode === "readOnly") return mode;
  const row = turnByRid(sql, turn);
  return row !== undefined && askerOf(sql, row).kind === "ref" ? "ask" : mode;
}
