import type { SessionId, Todo } from "@holdfast/protocol";
import type { SqlValue } from "@holdfast/sqlite";
import type { FeedPosition, SessionFilter, SessionPage } from "../../port.ts";
import { toPosition, toRowId } from "../feed-order.ts";
import { SELECT_SESSION, type SessionRow, toSession } from "../rows/index.ts";
import { countOf, fromJson, type Sql } from "../sql.ts";

type ListQuery = { filter: SessionFilter; limit: number; before?: FeedPosition; after?: FeedPosition };

/** Newest event first; `before` pages to older ones, `after` to newer. The cursor is a place in the log of all events: no two sessions share one (D-29). */
export function listSessions(sql: Sql, query: ListQuery): SessionPage {
  const { where, params } = conditions(query.filter);
  const total = countOf(sql, `session s ${whereOf(where)}`, ...params);
  const newer = query.after !== undefined;
  const cursor = query.after ?? query.before;
  if (cursor !== undefined) {
    where.push(`s.last_position ${newer ? ">" : "<"} ?`);
    params.push(toRowId(cursor));
  }
  const direction = newer ? "ASC" : "DESC";
  const rows = sql.all<SessionRow>(
    `${SELECT_SESSION} ${whereOf(where)}
     ORDER BY s.last_position ${direction} LIMIT ?`,
    ...params,
    query.limit + 1,
  );
  const more = rows.length > query.limit;
  const shown = rows.slice(0, query.limit);
  if (newer) shown.reverse();
  const page: SessionPage = { items: shown.map(toSession), total };
  const first = shown[0];
  const last = shown.at(-1);
  if (last !== undefined && (newer || more)) page.next = toPosition(last.last_position);
  if (first !== undefined && (newer ? more : query.before !== undefined)) {
    page.prev = toPosition(first.last_position);
  }
  return page;
}

const whereOf = (where: readonly string[]): string =>
  where.length > 0 ? `WHERE ${where.join(" AND ")}` : "";

function conditions(filter: SessionFilter): { where: string[]; params: SqlValue[] } {
  const where: string[] = [];
  const params: SqlValue[] = [];
  if (filter.archived !== undefined)
    where.push(`s.time_archived IS ${filter.archived ? "NOT NULL" : "NULL"}`);
  if (filter.roots === true) where.push("s.parent IS NULL");
  if (filter.directory !== undefined) {
    where.push("s.directory = ?");
    params.push(filter.directory);
  }
  if (filter.projectId !== undefined) {
    where.push("s.project = (SELECT rid FROM project WHERE id = ?)");
    params.push(filter.projectId);
  }
  if (filter.parentId !== undefined) {
    where.push("s.parent = (SELECT rid FROM session WHERE id = ?)");
    params.push(filter.parentId);
  }
  if (filter.title !== undefined) {
    where.push("instr(lower(s.title), lower(?)) > 0");
    params.push(filter.title);
  }
  return { where, params };
}

export function listTodos(sql: Sql, sessionId: SessionId): { items: Todo[]; seq: number } {
  const row = sql.get<{ todos: string | null; last_seq: number }>(
    "SELECT todos, last_seq FROM session WHERE id = ?",
    sessionId,
  );
  return { items: fromJson<Todo[]>(row?.todos ?? null) ?? [], seq: row?.last_seq ?? 0 };
}

export const lastSeq = (sql: Sql, id: SessionId): number | undefined =>
  sql.get<{ last_seq: number }>("SELECT last_seq FROM session WHERE id = ?", id)?.last_seq;

/** The index of those that are suspended keeps this cheap, however many sessions there are. */
export const agentLimits = (
  sql: Sql,
  now: number,
): { agent: string; until: number; sessionId: SessionId }[] =>
  sql.all(
    `SELECT met.value ->> '$.agent' AS agent, max(met.value ->> '$.until') AS until, s.id AS sessionId
     FROM session s, json_each(json_insert(coalesce(s.suspended -> '$.also', '[]'), '$[#]', json(s.suspended))) met
     WHERE s.suspended IS NOT NULL AND met.value ->> '$.until' > ? GROUP BY 1`,
    now,
  );

/** The agent most recently asked in a directory's project. */
export function lastAgent(sql: Sql, directory: string): string | undefined {
  return sql.get<{ agent: string }>(
    `SELECT s.agent FROM session s JOIN workspace w ON w.rid = s.workspace JOIN workspace here ON here.project = w.project
     WHERE here.directory = ? ORDER BY s.last_position DESC LIMIT 1`,
    directory,
  )?.agent;
}
