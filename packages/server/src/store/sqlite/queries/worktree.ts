import type { WorkspaceId } from "@holdfast/protocol";
import type { SqlValue } from "@holdfast/sqlite";
import type {
  Operation,
  OperationQueries,
  WorkspaceUser,
  WorktreeAudit,
  WorktreeQueries,
} from "../../port.ts";
import {
  findOperation,
  findProject,
  findWorktree,
  loadActor,
  type OperationRow,
  type ProjectRow,
  projectWorkspace,
  SELECT_OPERATION,
  SELECT_PROJECT,
  SELECT_WORKSPACE,
  SELECT_WORKTREE,
  toOperation,
  toProject,
  toWorkspace,
  toWorktree,
  type WorkspaceRow,
  type WorktreeRow,
} from "../rows/index.ts";
import { present, type Sql } from "../sql.ts";
import type { Read } from "./read.ts";

/** Projects, workspaces, worktrees and the work on them. */
export function worktreeQueries(sql: Sql, read: Read): WorktreeQueries & OperationQueries {
  return {
    getProject: (id) => read(() => shape(findProject(sql, id), toProject)),
    findProject: (directory) =>
      read(() => shape(sql.get<ProjectRow>(`${SELECT_PROJECT} WHERE p.directory = ?`, directory), toProject)),
    listProjects: () =>
      read(() => sql.all<ProjectRow>(`${SELECT_PROJECT} ORDER BY p.directory`).map(toProject)),
    listWorkspaces: ({ projectId }) =>
      read(() => sql.all<WorkspaceRow>(WORKSPACES, projectId).map(toWorkspace)),
    projectWorkspace: (id) =>
      read(() => {
        const project = findProject(sql, id);
        return shape(project && projectWorkspace(sql, project.rid), toWorkspace);
      }),
    getWorktree: (id) => read(() => shape(findWorktree(sql, id), (row) => toWorktree(sql, row))),
    worktreeOf: (id) =>
      read(() => shape(sql.get<WorktreeRow>(WORKTREE_OF, id), (row) => toWorktree(sql, row))),
    listWorktrees: (query) => read(() => listWorktrees(sql, query)),
    workspaceUsers: (id) => read(() => workspaceUsers(sql, id)),
    getOperation: (id) => read(() => shape(findOperation(sql, id), (row) => toOperation(sql, row))),
    listOperations: (query) => read(() => listOperations(sql, query)),
    listWorktreeAudit: ({ limit }) => read(() => listAudit(sql, limit)),
  };
}

const shape = <R, T>(row: R | undefined, to: (row: R) => T): T | undefined =>
  row === undefined ? undefined : to(row);

const WORKSPACES = `${SELECT_WORKSPACE} WHERE w.project = (SELECT rid FROM project WHERE id = ?) ORDER BY w.rid`;

const WORKTREE_OF = `${SELECT_WORKTREE} WHERE t.workspace = (SELECT rid FROM workspace WHERE id = ?)`;

function listWorktrees(sql: Sql, query: Parameters<WorktreeQueries["listWorktrees"]>[0]) {
  const where: string[] = [];
  const values: SqlValue[] = [];
  if (query.projectId !== undefined) {
    where.push("t.project = (SELECT rid FROM project WHERE id = ?)");
    values.push(query.projectId);
  }
  if (query.states !== undefined) {
    where.push(`t.state IN (${query.states.map(() => "?").join(", ")})`);
    values.push(...query.states);
  }
  const condition = where.length === 0 ? "" : `WHERE ${where.join(" AND ")}`;
  return sql
    .all<WorktreeRow>(`${SELECT_WORKTREE} ${condition} ORDER BY t.rid`, ...values)
    .map((row) => toWorktree(sql, row));
}

type UserRow = { id: string; time_archived: number | null; turn_id: string | null };

const workspaceUsers = (sql: Sql, id: WorkspaceId): WorkspaceUser[] =>
  sql
    .all<UserRow>(
      `SELECT s.id, s.time_archived, t.id AS turn_id FROM session s
       LEFT JOIN turn t ON t.session = s.rid AND t.state IN ('running', 'finalizing')
       WHERE s.workspace = (SELECT rid FROM workspace WHERE id = ?) ORDER BY s.rid`,
      id,
    )
    .map((row) =>
      present<WorkspaceUser>({
        sessionId: row.id as WorkspaceUser["sessionId"],
        archived: row.time_archived !== null,
        liveTurnId: row.turn_id as WorkspaceUser["liveTurnId"],
      }),
    );

function listOperations(sql: Sql, query: Parameters<OperationQueries["listOperations"]>[0]): Operation[] {
  const where: string[] = [];
  const values: SqlValue[] = [];
  if (query.workspaceId !== undefined) {
    where.push("o.workspace_id = ?");
    values.push(query.workspaceId);
  }
  if (query.kinds !== undefined) {
    where.push(`o.kind IN (${query.kinds.map(() => "?").join(", ")})`);
    values.push(...query.kinds);
  }
  // A literal, so that running ones come from their own index.
  if (query.state !== undefined) where.push(STATES[query.state]);
  const condition = where.length === 0 ? "" : `WHERE ${where.join(" AND ")}`;
  return sql
    .all<OperationRow>(`${SELECT_OPERATION} ${condition} ORDER BY o.rid DESC LIMIT ?`, ...values, query.limit)
    .map((row) => toOperation(sql, row));
}

const STATES: Record<Operation["state"], string> = {
  running: "o.state = 'running'",
  done: "o.state = 'done'",
  undone: "o.state = 'undone'",
  conflict: "o.state = 'conflict'",
};

type AuditRow = {
  worktree_id: string | null;
  path: string;
  action: string;
  reason: string;
  actor: number;
  time: number;
};

/** Newest first. */
const listAudit = (sql: Sql, limit: number): WorktreeAudit[] =>
  sql.all<AuditRow>("SELECT * FROM worktree_audit ORDER BY rid DESC LIMIT ?", limit).map((row) =>
    present<WorktreeAudit>({
      worktreeId: row.worktree_id as WorktreeAudit["worktreeId"],
      path: row.path,
      action: row.action,
      reason: row.reason,
      actor: loadActor(sql, row.actor),
      time: row.time,
    }),
  );
