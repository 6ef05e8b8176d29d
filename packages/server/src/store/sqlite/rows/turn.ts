import { isTerminal, type Turn } from "@holdfast/protocol";
import { fromJson, present, type Sql } from "../sql.ts";
import { loadActor } from "./actor.ts";

export type TurnRow = {
  rid: number;
  id: string;
  session: number;
  session_id: string;
  /** Null: its agent started it by itself. */
  input_id: string | null;
  message_id: string;
  agent: string;
  model: string | null;
  state: Turn["state"];
  reason: string | null;
  error: string | null;
  finish: string | null;
  record: string | null;
  opened: string | null;
  opened_by: string | null;
  waiting_for: string | null;
  stalled: number | null;
  cancel_time: number | null;
  cancel_actor: number | null;
  /** 1: it is stopped for an input that comes next. */
  superseded: number;
  merged_into: string | null;
  resumes: string | null;
  attempts: number;
  usage: string;
  actor: number;
  time_queued: number;
  time_started: number | null;
  time_ended: number | null;
  event_seq: number;
};

/** What a turn without an input stands on is its first message. */
export const SELECT_TURN = `SELECT t.*, s.id AS session_id, i.id AS input_id, m.id AS message_id
  FROM turn t JOIN session s ON s.rid = t.session LEFT JOIN input i ON i.turn = t.rid
  JOIN message m ON m.rid = coalesce(i.message, (SELECT min(rid) FROM message WHERE turn = t.rid AND role = 'user'))`;

const TURN_BY_ID = `${SELECT_TURN} WHERE t.id = ?`;
const TURN_BY_RID = `${SELECT_TURN} WHERE t.rid = ?`;

export const findTurn = (sql: Sql, id: string): TurnRow | undefined => sql.get<TurnRow>(TURN_BY_ID, id);

export const turnByRid = (sql: Sql, rid: number): TurnRow | undefined => sql.get<TurnRow>(TURN_BY_RID, rid);

/** What the hot path needs of a turn. */
export type TurnHead = Pick<TurnRow, "rid" | "id" | "session" | "agent" | "state">;

export const findTurnHead = (sql: Sql, id: string): TurnHead | undefined =>
  sql.get<TurnHead>("SELECT rid, id, session, agent, state FROM turn WHERE id = ?", id);

export const liveTurnRow = (sql: Sql, session: number): TurnRow | undefined =>
  sql.get<TurnRow>(`${SELECT_TURN} WHERE t.session = ? AND t.state IN ('running', 'finalizing')`, session);

export function toTurn(sql: Sql, row: TurnRow): Turn {
  const answers = sql.all<{ id: string }>(
    "SELECT id FROM message WHERE turn = ? AND role = 'assistant' ORDER BY rid",
    row.rid,
  );
  return present<Turn>({
    id: row.id as Turn["id"],
    sessionId: row.session_id as Turn["sessionId"],
    inputId: row.input_id as Turn["inputId"],
    messageId: row.message_id as Turn["messageId"],
    assistantMessageIds: answers.map(({ id }) => id as Turn["messageId"]),
    agent: row.agent,
    model: fromJson(row.model),
    state: row.state,
    reason: row.reason as Turn["reason"],
    error: fromJson(row.error),
    finish: row.finish,
    opened: row.opened as Turn["opened"],
    openedBy: row.opened_by as Turn["openedBy"],
    waitingFor: fromJson(row.waiting_for),
    stalled: row.stalled,
    stopping: isTerminal(row.state) ? null : row.cancel_time,
    mergedInto: row.merged_into as Turn["mergedInto"],
    resumes: row.resumes as Turn["resumes"],
    attempts: row.attempts,
    actor: loadActor(sql, row.actor),
    usage: JSON.parse(row.usage) as Turn["usage"],
    time: present<Turn["time"]>({
      queued: row.time_queued,
      started: row.time_started,
      ended: row.time_ended,
    }),
  });
}
