import type { AuditEntry, Grant, SessionComment, SessionId } from "@holdfast/protocol";
import type { RefQueries, SessionThing } from "../../port.ts";
import {
  type CommentRow,
  refLineByHash,
  refById,
  type RefRow,
  refsBelow,
  SELECT_COMMENT,
  SELECT_REF,
  toComment,
  toRefLine,
} from "../rows/index.ts";
import { present, type Sql } from "../sql.ts";
import type { Read } from "./read.ts";
import { lastSeq } from "./session.ts";

/** Where each thing names its session. */
const SESSION_OF: Record<SessionThing, string> = {
  input: "SELECT s.id FROM input x JOIN session s ON s.rid = x.session WHERE x.id = ?",
  turn: "SELECT s.id FROM turn x JOIN session s ON s.rid = x.session WHERE x.id = ?",
  message: "SELECT s.id FROM message x JOIN session s ON s.rid = x.session WHERE x.id = ?",
  permission: "SELECT s.id FROM permission x JOIN session s ON s.rid = x.session WHERE x.id = ?",
  question: "SELECT s.id FROM question x JOIN session s ON s.rid = x.session WHERE x.id = ?",
  ref: "SELECT session_id AS id FROM ref WHERE id = ?",
};

export function refQueries(sql: Sql, read: Read): RefQueries {
  const line = (find: () => RefRow | undefined, now: number) =>
    read(() => {
      const row = find();
      return row && toRefLine(sql, row, now);
    });
  return {
    findRef: ({ hash, now }) => read(() => refLineByHash(sql, hash, now)),
    getRef: ({ id, now }) => line(() => refById(sql, id), now),
    listRefs: (query) => read(() => listRefs(sql, query)),
    refAudit: (query) => read(() => refAudit(sql, query)),
    refGuesses: () =>
      read(() =>
        present<{ count: number; last?: number }>(
          sql.get<{ count: number; last: number | null }>(
            "SELECT coalesce(sum(count), 0) AS count, max(last) AS last FROM ref_audit WHERE ref IS NULL",
          ) ?? { count: 0, last: null },
        ),
      ),
    listComments: (query) => read(() => listComments(sql, query)),
    isReplay: ({ actorId, method, route, key }) =>
      read(
        () =>
          sql.get(
            "SELECT 1 FROM idempotency WHERE actor = ? AND method = ? AND route = ? AND key = ?",
            actorId,
            method,
            route,
            key,
          ) !== undefined,
      ),
    sessionOf: (kind, id) =>
      read(() => sql.get<{ id: string }>(SESSION_OF[kind], id)?.id as SessionId | undefined),
  };
}

/** The newest `limit` rows and where the next page begins. */
function pageOf<R extends { rid: number }, T>(
  rows: readonly R[],
  limit: number,
  shape: (row: R) => T,
): { items: T[]; next?: number } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const items = shown.map(shape);
  return rows.length > limit && last !== undefined ? { items, next: last.rid } : { items };
}

function listRefs(
  sql: Sql,
  { sessionId, below, limit, before, now }: Parameters<RefQueries["listRefs"]>[0],
): { items: Grant[]; next?: number } {
  const top = below === undefined ? undefined : refById(sql, below);
  const where = [
    "r.rid < ?",
    ...(sessionId === undefined ? [] : ["r.session_id = ?"]),
    ...(top === undefined ? [] : ["r.rid IN (SELECT value FROM json_each(?))"]),
  ];
  const values = [
    before ?? Number.MAX_SAFE_INTEGER,
    ...(sessionId === undefined ? [] : [sessionId]),
    ...(top === undefined ? [] : [JSON.stringify(refsBelow(sql, top.rid))]),
  ];
  const rows = sql.all<RefRow>(
    `${SELECT_REF} WHERE ${where.join(" AND ")} ORDER BY r.rid DESC LIMIT ?`,
    ...values,
    limit + 1,
  );
  return pageOf(rows, limit, (row) => toRefLine(sql, row, now).ref);
}

type AuditRow = {
  rid: number;
  ref_id: string;
  action: string;
  peer: string;
  count: number;
  first: number;
  last: number;
  detail: string | null;
};

function refAudit(
  sql: Sql,
  { refId, limit, before }: Parameters<RefQueries["refAudit"]>[0],
): { items: AuditEntry[]; next?: number } {
  const top = refById(sql, refId);
  if (top === undefined) return { items: [] };
  const rows = sql.all<AuditRow>(
    `SELECT a.rid, r.id AS ref_id, a.action, a.peer, a.count, a.first, a.last, a.detail FROM ref_audit a JOIN ref r ON r.rid = a.ref
     WHERE a.ref IN (SELECT value FROM json_each(?)) AND a.rid < ? ORDER BY a.rid DESC LIMIT ?`,
    JSON.stringify(refsBelow(sql, top.rid)),
    before ?? Number.MAX_SAFE_INTEGER,
    limit + 1,
  );
  return pageOf(rows, limit, ({ rid: _rid, ref_id: id, ...row }) =>
    present<AuditEntry>({ ...row, refId: id as AuditEntry["refId"] }),
  );
}

function listComments(
  sql: Sql,
  { sessionId, limit, before }: Parameters<RefQueries["listComments"]>[0],
): { items: SessionComment[]; next?: number; seq: number } {
  const rows = sql.all<CommentRow>(
    `${SELECT_COMMENT} WHERE c.session = (SELECT rid FROM session WHERE id = ?) AND c.rid < ? ORDER BY c.rid DESC LIMIT ?`,
    sessionId,
    before ?? Number.MAX_SAFE_INTEGER,
    limit + 1,
  );
  return { ...pageOf(rows, limit, (row) => toComment(sql, row)), seq: lastSeq(sql, sessionId) ?? 0 };
}
