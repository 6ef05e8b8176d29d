import type { EventType, Part } from "@holdfast/protocol";
import { appendNext, type Log } from "./log.ts";
import {
  type AgentSessionRow,
  findAgentSession,
  toAgentSession,
  inputByRid,
  toInput,
  findMessage,
  toMessageInfo,
  isOpen,
  partData,
  permissionByRid,
  toPermission,
  toTurn,
  turnByRid,
  type TurnRow,
} from "./rows/index.ts";

/**
 * Each appends the event of one row as the row is now and marks the row with its seq, so that a replay knows the newest entry (D-4).
 * They are what commands call after they wrote a row.
 */

export type TurnEvent = Extract<EventType, `turn.${string}`>;
export type InputEvent = Extract<EventType, `input.${string}`>;
export type PermissionEvent = Extract<EventType, `permission.${string}`>;

export function announceTurn(log: Log, rid: number, type: TurnEvent): TurnRow {
  const { write } = log;
  const row = turnByRid(write, rid);
  if (row === undefined) throw new Error(`Turn row ${rid} is missing.`);
  const seq = appendNext(log, { type, ref: rid, data: { turn: toTurn(write, row) }, turn: row });
  write.run("UPDATE turn SET event_seq = ? WHERE rid = ?", seq, rid);
  return row;
}

export function announceInput(log: Log, rid: number, type: InputEvent): void {
  const { write } = log;
  const row = inputByRid(write, rid);
  if (row === undefined) throw new Error(`Input row ${rid} is missing.`);
  const turn = { rid: row.turn, id: row.turn_id };
  const seq = appendNext(log, { type, ref: rid, data: { input: toInput(write, row) }, turn });
  write.run("UPDATE input SET event_seq = ? WHERE rid = ?", seq, rid);
}

export function announceMessage(log: Log, id: string): void {
  const { write } = log;
  const row = findMessage(write, id);
  if (row === undefined) throw new Error(`Message ${id} is missing.`);
  const turn = { rid: row.turn, id: row.turn_id };
  const seq = appendNext(log, {
    type: "message.updated",
    ref: row.rid,
    data: { message: toMessageInfo(row) },
    turn,
  });
  write.run("UPDATE message SET event_seq = ? WHERE rid = ?", seq, row.rid);
}

export function announcePermission(log: Log, rid: number, type: PermissionEvent): void {
  const { write } = log;
  const row = permissionByRid(write, rid);
  if (row === undefined) throw new Error(`Permission row ${rid} is missing.`);
  const turn = { rid: row.turn, id: row.turn_id };
  const seq = appendNext(log, { type, ref: rid, data: { permission: toPermission(write, row) }, turn });
  write.run("UPDATE permission SET event_seq = ? WHERE rid = ?", seq, rid);
}

export function announceAgentSession(log: Log, id: string): AgentSessionRow {
  const { write } = log;
  const row = findAgentSession(write, id);
  if (row === undefined) throw new Error(`Agent session ${id} is missing.`);
  const data = { agentSession: toAgentSession(row) };
  const seq = appendNext(log, { type: "agent.session.updated", ref: row.rid, data });
  write.run("UPDATE agent_session SET event_seq = ? WHERE rid = ?", seq, row.rid);
  return row;
}

/** Replaces a stored part whole, at a new seq. The caller has checked that its identity is unchanged. */
export function rewritePart(log: Log, rid: number, part: Part, turn?: { rid: number; id: string }): void {
  const { write } = log;
  const seq = appendNext(log, { type: "message.part.updated", ref: rid, data: { part }, turn });
  write.run(
    "UPDATE part SET data = ?, seq = ?, event_seq = ?, open = ? WHERE rid = ?",
    partData(part),
    seq,
    seq,
    isOpen(part) ? 1 : 0,
    rid,
  );
}
