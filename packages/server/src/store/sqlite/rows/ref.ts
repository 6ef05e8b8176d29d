import type { Actor, Caveats, Grant, RefId, Right, SessionComment, SessionId } from "@holdfast/protocol";
import { refEnd, refExpiry, type RefFacts } from "../../model/index.ts";
import type { FoundRef, RefEnd, RefLine } from "../../port.ts";
import { present, type Sql } from "../sql.ts";
import { loadActor } from "./actor.ts";

export type RefRow = {
  rid: number;
  id: string;
  parent: number | null;
  parent_id: string | null;
  session_id: string;
  rights: string;
  caveats: string;
  label: string;
  epoch: number;
  uses: number;
  actor: number;
  time_created: number;
  time_used: number | null;
  time_expired: number | null;
  time_revoked: number | null;
  revoked_by: number | null;
  revoked_reason: string | null;
  event_position: number;
};

/** Every read of refs starts with this. The hash of the secret is in none. */
export const SELECT_REF = `SELECT r.rid, r.id, r.parent, up.id AS parent_id, r.session_id, r.rights, r.caveats, r.label, r.epoch, r.uses, r.actor,
  r.time_created, r.time_used, r.time_expired, r.time_revoked, r.revoked_by, r.revoked_reason, r.event_position
  FROM ref r LEFT JOIN ref up ON up.rid = r.parent`;

export const refById = (sql: Sql, id: string): RefRow | undefined =>
  sql.get<RefRow>(`${SELECT_REF} WHERE r.id = ?`, id);

/** The ref with this hash and those above it, itself first, by one statement, however many there are. */
const LINE_BY_HASH = `WITH RECURSIVE line (rid, parent, depth) AS (
  SELECT rid, parent, 0 FROM ref WHERE hash = ?
  UNION ALL SELECT above.rid, above.parent, depth + 1 FROM line JOIN ref above ON above.rid = line.parent
) ${SELECT_REF} JOIN line ON line.rid = r.rid ORDER BY line.depth`;

export const refByRid = (sql: Sql, rid: number): RefRow | undefined =>
  sql.get<RefRow>(`${SELECT_REF} WHERE r.rid = ?`, rid);

/** A ref and those above it, itself first. */
export function refsAbove(sql: Sql, row: RefRow): RefRow[] {
  const line = [row];
  for (let next = row.parent; next !== null;) {
    const above = refByRid(sql, next);
    if (above === undefined) throw new Error(`Ref row ${next} is missing.`);
    line.push(above);
    next = above.parent;
  }
  return line;
}

/** Row ids of a ref and of all below it. */
export const refsBelow = (sql: Sql, rid: number): number[] =>
  sql
    .all<{ rid: number }>(
      `WITH RECURSIVE below (rid) AS (SELECT ? UNION ALL SELECT r.rid FROM below JOIN ref r ON r.parent = below.rid) SELECT rid FROM below`,
      rid,
    )
    .map((row) => row.rid);

const factsOf = (row: RefRow): RefFacts => ({
  id: row.id as RefId,
  epoch: row.epoch,
  caveats: JSON.parse(row.caveats) as Caveats,
  uses: row.uses,
  isRevoked: row.time_revoked !== null,
  hasExpired: row.time_expired !== null,
});

/** The ref with this hash. One that does not work, whyever, is found by the same two statements as none, so that time tells a stranger nothing (S-15). */
export function refLineByHash(sql: Sql, hash: string, now: number): FoundRef | undefined {
  const rows = sql.all<RefRow>(LINE_BY_HASH, hash);
  const [row] = rows;
  const ended = endOf(sql, rows, now);
  if (row === undefined) return undefined;
  if (ended !== undefined && ended !== "exhausted") return { refId: row.id as RefId, ended };
  return lineOf(sql, rows, ended);
}

/** A ref as it is at `now`, whether it works or not. */
export function toRefLine(sql: Sql, row: RefRow, now: number): RefLine {
  const rows = refsAbove(sql, row);
  return lineOf(sql, rows, endOf(sql, rows, now));
}

function endOf(sql: Sql, rows: readonly RefRow[], now: number): RefEnd | undefined {
  const target = sql.get<{ capability_epoch: number }>(
    "SELECT capability_epoch FROM session WHERE id = ?",
    rows[0]?.session_id ?? "",
  );
  return refEnd(rows.map(factsOf), { epoch: target?.capability_epoch, now });
}

function lineOf(sql: Sql, rows: readonly RefRow[], ended: RefEnd | undefined): RefLine {
  const [row] = rows;
  if (row === undefined) throw new Error("A line of refs has one at least.");
  const facts = rows.map(factsOf);
  return present<RefLine>({
    ref: toGrant(sql, row, { rootId: (rows.at(-1) ?? row).id as RefId, ended }),
    above: rows.slice(1).map(({ id }) => id as RefId),
    expires: refExpiry(facts),
    ended,
  });
}

function toGrant(
  sql: Sql,
  row: RefRow,
  { rootId, ended }: Pick<Grant, "rootId"> & { ended: Grant["ended"] },
): Grant {
  return present<Grant>({
    id: row.id as RefId,
    parentId: row.parent_id as Grant["parentId"],
    rootId,
    target: { kind: "session", id: row.session_id as SessionId },
    rights: JSON.parse(row.rights) as Right[],
    caveats: JSON.parse(row.caveats) as Caveats,
    label: row.label,
    epoch: row.epoch,
    createdBy: loadActor(sql, row.actor),
    uses: row.uses,
    ended,
    revoked:
      row.time_revoked === null || row.revoked_by === null
        ? undefined
        : present<NonNullable<Grant["revoked"]>>({
            at: row.time_revoked,
            by: loadActor(sql, row.revoked_by),
            reason: row.revoked_reason,
          }),
    time: present<Grant["time"]>({ created: row.time_created, lastUsed: row.time_used }),
  });
}

export type CommentRow = {
  rid: number;
  id: string;
  session: number;
  session_id: string;
  subject: string;
  text: string;
  actor: number;
  time_created: number;
  event_seq: number;
};

export const SELECT_COMMENT =
  "SELECT c.*, s.id AS session_id FROM comment c JOIN session s ON s.rid = c.session";

export const toComment = (sql: Sql, row: CommentRow): SessionComment => ({
  id: row.id as SessionComment["id"],
  sessionId: row.session_id as SessionId,
  on: row.subject as SessionComment["on"],
  text: row.text,
  actor: loadActor(sql, row.actor) satisfies Actor,
  time: { created: row.time_created },
});
