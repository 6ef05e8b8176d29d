import type { Worktree } from "@holdfast/protocol";
import { fromJson, present, type Sql } from "../sql.ts";
import { loadActor } from "./actor.ts";

export type WorktreeRow = {
  rid: number;
  id: string;
  project_id: string;
  workspace: number;
  workspace_id: string;
  path: string;
  branch: string;
  base_commit: string;
  base_tree: string;
  repository: string;
  state: Worktree["state"];
  owner: number;
  rescue: string | null;
  size: number | null;
  note: string | null;
  time_created: number;
  time_updated: number;
  time_archived: number | null;
  time_removed: number | null;
  event_position: number;
};

export const SELECT_WORKTREE = `SELECT t.*, p.id AS project_id, w.id AS workspace_id FROM worktree t
  JOIN project p ON p.rid = t.project JOIN workspace w ON w.rid = t.workspace`;

export const findWorktree = (sql: Sql, id: string): WorktreeRow | undefined =>
  sql.get<WorktreeRow>(`${SELECT_WORKTREE} WHERE t.id = ?`, id);

export const worktreeByRid = (sql: Sql, rid: number): WorktreeRow | undefined =>
  sql.get<WorktreeRow>(`${SELECT_WORKTREE} WHERE t.rid = ?`, rid);

export const toWorktree = (sql: Sql, row: WorktreeRow): Worktree =>
  present<Worktree>({
    id: row.id as Worktree["id"],
    projectId: row.project_id as Worktree["projectId"],
    workspaceId: row.workspace_id as Worktree["workspaceId"],
    path: row.path,
    branch: row.branch,
    baseCommit: row.base_commit,
    baseTree: row.base_tree,
    repository: row.repository,
    state: row.state,
    owner: loadActor(sql, row.owner),
    rescue: fromJson(row.rescue),
    size: row.size,
    note: row.note,
    time: present<Worktree["time"]>({
      created: row.time_created,
      updated: row.time_updated,
      archived: row.time_archived,
      removed: row.time_removed,
    }),
  });
