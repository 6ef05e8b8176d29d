import { type Input, type InputPart, isPreamblePart, type Part } from "@holdfast/protocol";
import { fromJson, present, type Sql } from "../sql.ts";
import { loadActor } from "./actor.ts";
import { foldParts, type PartRow, SELECT_PART } from "./part.ts";
import type { SessionRow } from "./session.ts";
import { liveTurnRow, type TurnRow } from "./turn.ts";

export type InputRow = {
  rid: number;
  id: string;
  session: number;
  session_id: string;
  turn: number;
  turn_id: string;
  message: number;
  message_id: string;
  agent: string;
  model: string | null;
  state: Input["state"];
  requested_delivery: string;
  delivery: string;
  position: number;
  format: string | null;
  system: string | null;
  tools: string | null;
  permission_timeout: number | null;
  actor: number;
  time_admitted: number;
  time_delivered: number | null;
  time_removed: number | null;
  event_seq: number;
};

export const SELECT_INPUT = `SELECT i.*, s.id AS session_id, t.id AS turn_id, m.id AS message_id, t.agent, t.model
  FROM input i JOIN session s ON s.rid = i.session JOIN turn t ON t.rid = i.turn JOIN message m ON m.rid = i.message`;

export const findInput = (sql: Sql, id: string): InputRow | undefined =>
  sql.get<InputRow>(`${SELECT_INPUT} WHERE i.id = ?`, id);

/** What asked for a turn; nothing did where its agent started it by itself. */
export const inputOf = (sql: Sql, { input_id: id }: Pick<TurnRow, "input_id">): InputRow | undefined =>
  id === null ? undefined : findInput(sql, id);

export const inputByRid = (sql: Sql, rid: number): InputRow | undefined =>
  sql.get<InputRow>(`${SELECT_INPUT} WHERE i.rid = ?`, rid);

export const messageParts = (sql: Sql, session: number, message: number): Part[] =>
  foldParts(
    sql,
    sql.all<PartRow>(
      `${SELECT_PART} WHERE p.session = ? AND p.message = ? ORDER BY p.ordinal`,
      session,
      message,
    ),
  );

/** Whether every part of what was asked is for people only. */
export const isForPeopleOnly = (
  sql: Sql,
  { session, message }: Pick<InputRow, "session" | "message">,
): boolean =>
  sql.get(
    "SELECT 1 FROM part WHERE session = ? AND message = ? AND (type <> 'text' OR data ->> '$.ignored' IS NOT 1) LIMIT 1",
    session,
    message,
  ) === undefined;

type QueueHead = Pick<SessionRow, "rid" | "queue_paused" | "time_archived">;

/**
 * What a session would start next; a steer that its turn did not take runs ahead of the queue (D-6): the order of `input_queue`. What is for an agent of
 * `past` lets the others go first, for as long as there are any. Nothing while it is paused, archived, or a turn is live.
 */
export function nextInput(sql: Sql, session: QueueHead, past: readonly string[] = []): InputRow | undefined {
  if (session.queue_paused === 1 || session.time_archived !== null) return undefined;
  if (liveTurnRow(sql, session.rid) !== undefined) return undefined;
  return (past.length > 0 && firstQueued(sql, session.rid, past)) || firstQueued(sql, session.rid);
}

/** The head of a session's queue. */
export const firstQueued = (sql: Sql, session: number, past: readonly string[] = []): InputRow | undefined =>
  sql.get<InputRow>(
    `${SELECT_INPUT} WHERE i.session = ? AND i.state = 'queued' AND t.agent NOT IN (SELECT value FROM json_each(?))
     ORDER BY i.delivery DESC, i.position LIMIT 1`,
    session,
    JSON.stringify(past),
  );

/** What was asked is what the user message's parts hold, save for a handoff: no second copy is stored (D-27). */
const toInputPart = ({
  id: _id,
  sessionId: _session,
  messageId: _message,
  ordinal: _ordinal,
  ...part
}: Part): InputPart => part as InputPart;

export function toInput(sql: Sql, row: InputRow): Input {
  return present<Input>({
    id: row.id as Input["id"],
    sessionId: row.session_id as Input["sessionId"],
    turnId: row.turn_id as Input["turnId"],
    messageId: row.message_id as Input["messageId"],
    state: row.state,
    requestedDelivery: row.requested_delivery as Input["delivery"],
    delivery: row.delivery as Input["delivery"],
    position: row.state === "queued" ? row.position : null,
    parts: messageParts(sql, row.session, row.message)
      .filter((part) => !isPreamblePart(part))
      .map(toInputPart),
    agent: row.agent,
    model: fromJson(row.model),
    format: fromJson(row.format),
    system: row.system,
    tools: fromJson(row.tools),
    permissionTimeoutMs: row.permission_timeout,
    actor: loadActor(sql, row.actor),
    time: present<Input["time"]>({
      admitted: row.time_admitted,
      delivered: row.time_delivered,
      removed: row.time_removed,
    }),
  });
}
