import type { Message, MessageInfo } from "@holdfast/protocol";
import { present, type Sql } from "../sql.ts";
import { foldParts, type PartRow, SELECT_PART } from "./part.ts";
import { newestForm } from "./payload.ts";

export type MessageRow = {
  rid: number;
  id: string;
  session: number;
  session_id: string;
  ordinal: number | null;
  turn: number;
  turn_id: string;
  role: MessageInfo["role"];
  data: string;
  event_seq: number;
  schema_version: number;
};

export const SELECT_MESSAGE = `SELECT m.rid, m.id, m.session, s.id AS session_id, m.ordinal, m.turn, t.id AS turn_id, m.role, m.data, m.event_seq, m.schema_version
  FROM message m JOIN session s ON s.rid = m.session JOIN turn t ON t.rid = m.turn`;

export const findMessage = (sql: Sql, id: string): MessageRow | undefined =>
  sql.get<MessageRow>(`${SELECT_MESSAGE} WHERE m.id = ?`, id);

export function messageData(info: MessageInfo): string {
  const { id: _id, sessionId: _session, turnId: _turn, ordinal: _ordinal, role: _role, ...data } = info;
  return JSON.stringify({ ...data, mode: undefined });
}

export function toMessageInfo(row: MessageRow): MessageInfo {
  const data = newestForm("message", row, JSON.parse(row.data) as Pick<MessageInfo, "agent">);
  const identity = present({
    id: row.id,
    sessionId: row.session_id,
    turnId: row.turn_id,
    ordinal: row.ordinal,
    role: row.role,
  });
  const mode = row.role === "assistant" ? { mode: data.agent } : {};
  return { ...identity, ...data, ...mode } as MessageInfo;
}

/** Messages with their parts in one query for all of them (D-29). */
export function withParts(sql: Sql, rows: MessageRow[]): Message[] {
  if (rows.length === 0) return [];
  const marks = rows.map(() => "?").join(", ");
  const session = rows[0]?.session ?? 0;
  const parts = sql.all<PartRow>(
    `${SELECT_PART} WHERE p.session = ? AND p.message IN (${marks}) ORDER BY p.message, p.ordinal`,
    session,
    ...rows.map((row) => row.rid),
  );
  const folded = foldParts(sql, parts);
  const byMessage = new Map<number, Message>(
    rows.map((row) => [row.rid, { info: toMessageInfo(row), parts: [] }]),
  );
  parts.forEach((row, index) => {
    const part = folded[index];
    if (part !== undefined) byMessage.get(row.message)?.parts.push(part);
  });
  return rows.flatMap((row) => byMessage.get(row.rid) ?? []);
}
