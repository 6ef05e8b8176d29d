import { type GivenMcpServer, givenServers, type McpServers, type Session } from "@holdfast/protocol";
import { shownServers } from "../../model/index.ts";
import { fromJson, present, type Sql } from "../sql.ts";
import { newestForm } from "./payload.ts";

export type SessionRow = {
  rid: number;
  id: string;
  parent: number | null;
  parent_id: string | null;
  project: number;
  project_id: string;
  workspace: number;
  workspace_id: string;
  directory: string;
  title: string;
  agent: string;
  model: string | null;
  approval_mode: string;
  resume_policy: string;
  suspended: string | null;
  limit_attempts: number;
  status: string;
  retry: string | null;
  attention: string;
  queue_length: number;
  queue_paused: number;
  last_seq: number;
  trimmed_seq: number;
  epoch: number;
  next_ordinal: number;
  next_position: number;
  event_seq: number;
  status_seq: number;
  todo_seq: number;
  last_position: number;
  todos: string | null;
  usage: string;
  mcp_servers: string | null;
  mirrors: string | null;
  time_created: number;
  time_updated: number;
  time_archived: number | null;
  schema_version: number;
  /** 1 while a share of it takes marks (S-3). */
  shared: number;
};

/** Every read of sessions starts with this, so that the shape has one source. */
export const SELECT_SESSION = `SELECT s.*, p.id AS project_id, w.id AS workspace_id, up.id AS parent_id
  FROM session s JOIN project p ON p.rid = s.project JOIN workspace w ON w.rid = s.workspace
  LEFT JOIN session up ON up.rid = s.parent`;

const SESSION_BY_ID = `${SELECT_SESSION} WHERE s.id = ?`;
const SESSION_BY_RID = `${SELECT_SESSION} WHERE s.rid = ?`;

export const findSession = (sql: Sql, id: string): SessionRow | undefined =>
  sql.get<SessionRow>(SESSION_BY_ID, id);

export const sessionByRid = (sql: Sql, rid: number): SessionRow | undefined =>
  sql.get<SessionRow>(SESSION_BY_RID, rid);

/** What an event needs of its session. */
export type SessionHead = Pick<SessionRow, "rid" | "id" | "workspace_id" | "last_seq" | "shared">;

export function toSession(row: SessionRow): Session {
  const session = present<Session>({
    id: row.id as Session["id"],
    parentId: row.parent_id as Session["parentId"],
    mirrors: row.mirrors,
    projectId: row.project_id as Session["projectId"],
    workspaceId: row.workspace_id as Session["workspaceId"],
    directory: row.directory,
    title: row.title,
    agent: row.agent,
    model: fromJson(row.model),
    approvalMode: row.approval_mode as Session["approvalMode"],
    resumePolicy: row.resume_policy as Session["resumePolicy"],
    status: row.status as Session["status"],
    retry: row.status === "retry" ? fromJson(row.retry) : undefined,
    suspended: fromJson(row.suspended),
    limitAttempts: row.limit_attempts === 0 ? undefined : row.limit_attempts,
    attention: row.attention as Session["attention"],
    queue: { length: row.queue_length, paused: row.queue_paused === 1 },
    time: present<Session["time"]>({
      created: row.time_created,
      updated: row.time_updated,
      archived: row.time_archived,
    }),
    lastSeq: row.last_seq,
    usage: JSON.parse(row.usage) as Session["usage"],
    mcpServers: shownServers(fromJson(row.mcp_servers)),
  });
  return newestForm("session", row, session);
}

/** What the agents of a session are given, with their secrets: for whoever starts them, and for nobody else. */
export function givenServersOf(sql: Sql, { project, mcp_servers: own }: SessionRow): GivenMcpServer[] {
  const row = sql.get<{ mcp_servers: string | null }>(
    "SELECT mcp_servers FROM project WHERE rid = ?",
    project,
  );
  return givenServers(fromJson<McpServers>(row?.mcp_servers ?? null), fromJson<McpServers>(own));
}

/** The sessions above one, the nearest first. */
export const ancestorsOf = (sql: Sql, session: number): { rid: number; id: string }[] =>
  sql.all(
    `WITH RECURSIVE above (rid, depth) AS (
       SELECT parent, 1 FROM session WHERE rid = ? AND parent IS NOT NULL
       UNION ALL SELECT s.parent, depth + 1 FROM session s JOIN above ON above.rid = s.rid WHERE s.parent IS NOT NULL)
     SELECT s.rid, s.id FROM above JOIN session s USING (rid) ORDER BY depth`,
    session,
  );
