import { notFound } from "@holdfast/kernel";
import { claimLost } from "../log.ts";
import { findTurn, type TurnRow } from "../rows/index.ts";
import type { Write } from "../sql.ts";

/** Throws NOT_FOUND. */
export function requireTurn(write: Write, id: string): TurnRow {
  const row = findTurn(write, id);
  if (row === undefined) throw notFound("turn", id);
  return row;
}

/** Throws CLAIM_LOST when `epoch` is not that of the turn's session (D-17). */
export function fence(write: Write, turn: Pick<TurnRow, "session" | "session_id">, epoch: number): void {
  const row = write.get<{ epoch: number }>("SELECT epoch FROM session WHERE rid = ?", turn.session);
  if (row?.epoch !== epoch) throw claimLost(turn.session_id);
}
