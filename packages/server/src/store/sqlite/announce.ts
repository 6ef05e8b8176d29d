import type { EventType, Input, MessageInfo, Part, SessionComment, Turn } from "@holdfast/protocol";
import { isOpen, partData } from "../model/index.ts";
import { appendNext, type Log } from "./log.ts";
import {
  type AgentSessionRow,
  type CommentRow,
  findAgentSession,
  SELECT_COMMENT,
  toComment,
  toAgentSession,
  inputByRid,
  toInput,
  findMessage,
  type SessionHead,
  toMessageInfo,
  type RequestTable,
  requestByRid,
  toPermission,
  toQuestion,
  toTurn,
  turnByRid,
  WRITTEN,
} from "./rows/index.ts";

/**
 * Each appends the event of one row as the row is now and marks the row with its seq, so that a replay knows the newest entry (D-4).
 * They are what commands call after they wrote a row, and answer what the event shows.
 */

export type TurnEvent = Extract<EventType, `turn.${string}`>;
export type InputEvent = Extract<EventType, `input.${string}`>;

export function announceTurn(log: Log<SessionHead>, rid: number, type: TurnEvent): Turn {
  const { write } = log;
  const row = turnByRid(write, rid);
  if (row === undefined) throw new Error(`Turn row ${rid} is missing.`);
  const turn = toTurn(write, row);
  const seq = appendNext(log, { type, ref: rid, data: { turn }, turn: row });
  write.run("UPDATE turn SET event_seq = ? WHERE rid = ?", seq, rid);
  return turn;
}

export function announceInput(log: Log, rid: number, type: InputEvent): Input {
  const { write } = log;
  const row = inputByRid(write, rid);
  if (row === undefined) throw new Error(`Input row ${rid} is missing.`);
  const input = toInput(write, row);
  const turn = { rid: row.turn, id: row.turn_id };
  const seq = appendNext(log, { type, ref: rid, data: { input }, turn });
  write.run("UPDATE input SET event_seq = ? WHERE rid = ?", seq, rid);
  return input;
}

export function announceMessage(log: Log<SessionHead>, id: string): MessageInfo {
  const { write } = log;
  const row = findMessage(write, id);
  if (row === undefined) throw new Error(`Message ${id} is missing.`);
  const message = toMessageInfo(row);
  const turn = { rid: row.turn, id: row.turn_id };
  const seq = appendNext(log, { type: "message.updated", ref: row.rid, data: { message }, turn });
  write.run("UPDATE message SET event_seq = ? WHERE rid = ?", seq, row.rid);
  return message;
}

export function announceComment(log: Log, rid: number): SessionComment {
  const { write } = log;
  const row = write.get<CommentRow>(`${SELECT_COMMENT} WHERE c.rid = ?`, rid);
  if (row === undefined) throw new Error(`Comment row ${rid} is missing.`);
  const comment = toComment(write, row);
  const seq = appendNext(log, { type: "comment.added", ref: rid, data: { comment } });
  write.run("UPDATE comment SET event_seq = ? WHERE rid = ?", seq, rid);
  return comment;
}

export function announceRequest(
  log: Log,
  table: RequestTable,
  rid: number,
  how: "asked" | "replied" | "expired",
): void {
  const { write } = log;
  const row = requestByRid(write, table, rid);
  if (row === undefined) throw new Error(`Row ${rid} of ${table} is missing.`);
  const turn = { rid: row.turn, id: row.turn_id };
  const seq =
    table === "permission"
      ? appendNext(log, {
          type: `permission.${how}`,
          ref: rid,
          data: { permission: toPermission(write, row) },
          turn,
        })
      : appendNext(log, {
          type: `question.${how}`,
          ref: rid,
          data: { question: toQuestion(write, row) },
          turn,
        });
  write.run(`UPDATE ${table} SET event_seq = ? WHERE rid = ?`, seq, rid);
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
    `UPDATE part SET data = ?, seq = ?, event_seq = ?, open = ?, schema_version = ${WRITTEN.part} WHERE rid = ?`,
    partData(part),
    seq,
    seq,
    isOpen(part) ? 1 : 0,
    rid,
  );
}
