import type { Project, Workspace } from "@holdfast/protocol";
import { shownServers } from "../../model/index.ts";
import { fromJson, present, type Sql } from "../sql.ts";

/** What an event needs of its workspace. */
export type WorkspaceHead = { rid: number; id: string };

export const findWorkspaceHead = (sql: Sql, id: string): WorkspaceHead | undefined =>
  sql.get<WorkspaceHead>("SELECT rid, id FROM workspace WHERE id = ?", id);

export type ProjectRow = {
  rid: number;
  id: string;
  directory: string;
  name: string;
  worktree: string;
  mcp_servers: string | null;
  event_position: number;
  time_created: number;
};

export const SELECT_PROJECT =
  "SELECT p.rid, p.id, p.directory, p.name, p.worktree, p.mcp_servers, p.event_position, p.time_created FROM project p";

export const findProject = (sql: Sql, id: string): ProjectRow | undefined =>
  sql.get<ProjectRow>(`${SELECT_PROJECT} WHERE p.id = ?`, id);

export const projectByRid = (sql: Sql, rid: number): ProjectRow | undefined =>
  sql.get<ProjectRow>(`${SELECT_PROJECT} WHERE p.rid = ?`, rid);

export const toProject = (row: ProjectRow): Project =>
  present<Project>({
    id: row.id as Project["id"],
    directory: row.directory,
    name: row.name,
    worktree: JSON.parse(row.worktree) as Project["worktree"],
    mcpServers: shownServers(fromJson(row.mcp_servers)),
    time: { created: row.time_created },
  });

export type WorkspaceRow = WorkspaceHead & {
  project_id: string;
  worktree_id: string | null;
  kind: string;
  directory: string;
  concurrency: Workspace["concurrency"];
  event_position: number;
  time_created: number;
};

export const SELECT_WORKSPACE = `SELECT w.rid, w.id, p.id AS project_id, t.id AS worktree_id, w.kind, w.directory, w.concurrency, w.event_position,
  w.time_created FROM workspace w JOIN project p ON p.rid = w.project LEFT JOIN worktree t ON t.workspace = w.rid`;

export const workspaceRow = (sql: Sql, by: { rid: number } | { id: string }): WorkspaceRow | undefined =>
  sql.get<WorkspaceRow>(
    `${SELECT_WORKSPACE} WHERE ${"rid" in by ? "w.rid" : "w.id"} = ?`,
    "rid" in by ? by.rid : by.id,
  );

export const toWorkspace = (row: WorkspaceRow): Workspace =>
  present<Workspace>({
    id: row.id as Workspace["id"],
    projectId: row.project_id as Workspace["projectId"],
    kind: row.kind as Workspace["kind"],
    directory: row.directory,
    concurrency: row.concurrency,
    worktreeId: row.worktree_id as Workspace["worktreeId"],
    time: { created: row.time_created },
  });

export function loadWorkspace(sql: Sql, by: { rid: number } | { id: string }): Workspace | undefined {
  const row = workspaceRow(sql, by);
  return row && toWorkspace(row);
}

/** The workspace of kind `directory` of a project. */
export const projectWorkspace = (sql: Sql, project: number): WorkspaceRow | undefined =>
  sql.get<WorkspaceRow>(`${SELECT_WORKSPACE} WHERE w.project = ? AND w.kind = 'directory'`, project);
