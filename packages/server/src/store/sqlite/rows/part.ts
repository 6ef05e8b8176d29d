import { type DeltaField, deltaTextOf, type Part } from "@holdfast/protocol";
import { deltaOffset, type DeltaRow, eventCode, fieldCode, foldDeltas } from "../../model/index.ts";
import type { Sql } from "../sql.ts";
import { newestForm } from "./payload.ts";

export type PartRow = {
  rid: number;
  id: string;
  session: number;
  message: number;
  message_id: string;
  session_id: string;
  ordinal: number;
  type: string;
  data: string;
  seq: number;
  event_seq: number;
  open: number;
  schema_version: number;
};

export const SELECT_PART = `SELECT p.rid, p.id, p.session, p.message, m.id AS message_id, s.id AS session_id, p.ordinal, p.type, p.data,
  p.seq, p.event_seq, p.open, p.schema_version FROM part p JOIN message m ON m.rid = p.message JOIN session s ON s.rid = p.session`;

const PART_BY_ID = `${SELECT_PART} WHERE p.id = ?`;

export const findPart = (sql: Sql, id: string): PartRow | undefined => sql.get<PartRow>(PART_BY_ID, id);

/** What a delta needs of its part: not its text, which grows. */
export type PartHead = Pick<
  PartRow,
  "rid" | "id" | "session" | "message_id" | "ordinal" | "type" | "seq" | "open"
>;

export const findPartHead = (sql: Sql, id: string): PartHead | undefined =>
  sql.get<PartHead>(
    `SELECT p.rid, p.id, p.session, m.id AS message_id, p.ordinal, p.type, p.seq, p.open
     FROM part p JOIN message m ON m.rid = p.message WHERE p.id = ?`,
    id,
  );

const DELTAS_SINCE = `SELECT ref, seq, extra, payload FROM event WHERE session = ? AND seq > ? AND type = ${eventCode("message.part.delta")} ORDER BY seq`;

/** Rows as the API gives them, with the later deltas of open parts folded in; call it in one snapshot with what read the rows (D-13). */
export function foldParts(sql: Sql, rows: PartRow[]): Part[] {
  const open = rows.filter((row) => row.open === 1);
  const parts = new Map(rows.map((row) => [row.rid, storedPart(row)]));
  for (const session of new Set(open.map((row) => row.session))) {
    const since = Math.min(...open.filter((row) => row.session === session).map((row) => row.seq));
    const covered = new Map(open.map((row) => [row.rid, row.seq]));
    foldDeltas(parts, covered, sql.all<DeltaRow>(DELTAS_SINCE, session, since));
  }
  return rows.map((row) => parts.get(row.rid) ?? storedPart(row));
}

function storedPart(row: PartRow): Part {
  const data = newestForm("part", row, JSON.parse(row.data) as object);
  const identity = { id: row.id, sessionId: row.session_id, messageId: row.message_id, ordinal: row.ordinal };
  return { ...identity, type: row.type, ...data } as Part;
}

const LAST_DELTA = `SELECT extra, payload FROM event WHERE session = ? AND seq > ? AND type = ${eventCode("message.part.delta")}
  AND ref = ? AND extra % 4 = ? ORDER BY seq DESC LIMIT 1`;

/**
 * Where the next delta of a field must begin, read in the writer's transaction; undefined when the part has no such field now. The last delta
 * says it; the row's text is read only when there was none since the row was written.
 */
export function fieldLength(sql: Sql, head: PartHead, field: DeltaField): number | undefined {
  const last = sql.get<Pick<DeltaRow, "extra" | "payload">>(
    LAST_DELTA,
    head.session,
    head.seq,
    head.rid,
    fieldCode(field),
  );
  if (last !== undefined) return deltaOffset(last.extra) + last.payload.length;
  const row = findPart(sql, head.id);
  return row && deltaTextOf(storedPart(row), field)?.length;
}
