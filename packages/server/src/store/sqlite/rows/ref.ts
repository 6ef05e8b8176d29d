import type { Actor, Caveats, Grant, RefId, Right, SessionComment, SessionId } from "@holdfast/protocol";
import { refEnd, refExpiry, type RefFacts } from "../../model/index.ts";
import type { RefLine } from "../../port.ts";
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

export const refByHash = (sql: Sql, hash: string): RefRow | undefined =>
  sql.get<RefRow>(`${SELECT_REF} WHERE r.hash = ?`, hash);

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

/** A ref as it is at `now`, whether it works or not. */
export function toRefLine(sql: Sql, row: RefRow, now: number): RefLine {
  const rows = refsAbove(sql, row);
  const facts = rows.map(factsOf);
  const target = sql.get<{ capability_epoch: number }>(
    "SELECT capability_epoch FROM session WHERE id = ?",
    row.session_id,
  );
  const ended = refEnd(facts, { epoch: target?.capability_epoch, now });
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
