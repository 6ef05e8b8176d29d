import type { Delta, DeltaField, Part } from "@holdfast/protocol";
import { eventCode } from "../event-code.ts";
import type { Sql } from "../sql.ts";

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
};

export const SELECT_PART = `SELECT p.rid, p.id, p.session, p.message, m.id AS message_id, s.id AS session_id, p.ordinal, p.type, p.data,
  p.seq, p.event_seq, p.open FROM part p JOIN message m ON m.rid = p.message JOIN session s ON s.rid = p.session`;

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

/** The stored form: everything but the identity, which has columns of its own. */
export function partData(part: Part): string {
  const { id: _id, sessionId: _session, messageId: _message, ordinal: _ordinal, type: _type, ...data } = part;
  return JSON.stringify(data);
}

/** Whether deltas may still extend it (D-12): a streaming part of an answer that has not ended. */
export function isOpen(part: Part): boolean {
  switch (part.type) {
    case "text":
      return part.time !== undefined && part.time.end === undefined;
    case "reasoning":
      return part.time.end === undefined;
    case "tool":
      return part.state.status === "pending" || part.state.status === "running";
    default:
      return false;
  }
}

const CODES: Record<DeltaField, number> = { text: 0, raw: 1, output: 2 };
const FIELDS: DeltaField[] = ["text", "raw", "output"];

/** A delta's place in one integer column: offset and field. */
export const packDelta = (field: DeltaField, offset: number): number => offset * 4 + CODES[field];
export const deltaField = (extra: number): DeltaField => FIELDS[extra % 4] ?? "text";
export const deltaOffset = (extra: number): number => Math.floor(extra / 4);

/** Current text of a field that deltas extend, undefined when the part has no such field now; absent output counts as empty. */
function fieldOf(part: Part, field: DeltaField): string | undefined {
  if (field === "text") return part.type === "text" || part.type === "reasoning" ? part.text : undefined;
  if (part.type !== "tool") return undefined;
  if (field === "raw") return part.state.raw;
  return part.state.status === "running" ? (part.state.output ?? "") : undefined;
}

/** Lengths of the fields that deltas extend, undefined where the part has none now. */
export const fieldLengths = (part: Part): Map<DeltaField, number | undefined> =>
  new Map(FIELDS.map((field) => [field, fieldOf(part, field)?.length]));

const fieldText = (part: Part, field: DeltaField): string => fieldOf(part, field) ?? "";

/** The part with a field extended at `offset`. What is there already is left alone; a hole throws, as the writer refuses it. */
export function extendPart(part: Part, delta: Pick<Delta, "field" | "offset" | "text">): Part {
  const text = fieldText(part, delta.field);
  if (delta.offset + delta.text.length <= text.length) return part;
  if (delta.offset !== text.length) {
    throw new Error(`A delta of ${part.id} begins at ${delta.offset}, the field ends at ${text.length}.`);
  }
  const grown = text + delta.text;
  if (delta.field === "text") return { ...part, text: grown } as Part;
  if (part.type !== "tool") return part;
  return { ...part, state: { ...part.state, [delta.field]: grown } };
}

type DeltaRow = { ref: number; extra: number; payload: string };

const DELTAS_SINCE = `SELECT ref, extra, payload FROM event WHERE session = ? AND seq > ? AND type = ${eventCode("message.part.delta")} ORDER BY seq`;

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

function foldDeltas(parts: Map<number, Part>, covered: Map<number, number>, deltas: DeltaRow[]): void {
  const grown = new Map<string, { ref: number; field: DeltaField; length: number; texts: string[] }>();
  for (const { ref, extra, payload } of deltas) {
    const part = parts.get(ref);
    if (part === undefined || !covered.has(ref)) continue;
    const field = deltaField(extra);
    const key = `${ref}:${field}`;
    const state = grown.get(key) ?? { ref, field, length: fieldText(part, field).length, texts: [] };
    grown.set(key, state);
    if (deltaOffset(extra) + payload.length <= state.length) continue;
    state.texts.push(payload);
    state.length += payload.length;
  }
  for (const { ref, field, texts } of grown.values()) {
    const part = parts.get(ref);
    if (part === undefined || texts.length === 0) continue;
    parts.set(ref, extendPart(part, { field, offset: fieldText(part, field).length, text: texts.join("") }));
  }
}

function storedPart(row: PartRow): Part {
  const data = JSON.parse(row.data) as object;
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
    CODES[field],
  );
  if (last !== undefined) return deltaOffset(last.extra) + last.payload.length;
  const row = findPart(sql, head.id);
  return row && fieldOf(storedPart(row), field)?.length;
}
