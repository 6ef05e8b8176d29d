import { present, type Sql } from "../sql.ts";
import { loadActor } from "./actor.ts";

/** What agents ask a person, each in a table of its own; their rows differ in `data` alone. */
export type RequestTable = "permission" | "question";

export type RequestRow = {
  rid: number;
  id: string;
  session: number;
  session_id: string;
  turn: number;
  turn_id: string;
  state: "pending" | "replied" | "expired";
  data: string;
  actor: number | null;
  deadline: number | null;
  time_asked: number;
  time_ended: number | null;
  event_seq: number;
};

export const selectRequest = (table: RequestTable): string =>
  `SELECT p.*, s.id AS session_id, t.id AS turn_id FROM ${table} p
  JOIN session s ON s.rid = p.session JOIN turn t ON t.rid = p.turn`;

export const findRequest = (sql: Sql, table: RequestTable, id: string): RequestRow | undefined =>
  sql.get<RequestRow>(`${selectRequest(table)} WHERE p.id = ?`, id);

export const requestByRid = (sql: Sql, table: RequestTable, rid: number): RequestRow | undefined =>
  sql.get<RequestRow>(`${selectRequest(table)} WHERE p.rid = ?`, rid);

/** The row as it is shown: what is the same of all requests, and what `data` holds. */
export const toRequest = <T extends object>(sql: Sql, row: RequestRow): T =>
  present<T>({
    id: row.id,
    sessionId: row.session_id,
    turnId: row.turn_id,
    ...(JSON.parse(row.data) as object),
    state: row.state,
    actor: row.actor === null ? null : loadActor(sql, row.actor),
    deadline: row.deadline,
    time: present({ asked: row.time_asked, ended: row.time_ended }),
  } as never);
