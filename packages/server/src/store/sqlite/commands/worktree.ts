import { HoldfastError, notFound } from "@holdfast/kernel";
import type { Actor, Workspace, Worktree, WorktreeId } from "@holdfast/protocol";
import { mayBecome } from "../../model/index.ts";
import type {
  Applied,
  BeginWorktreeCommand,
  Operation,
  OperationClaim,
  WorktreeAudit,
  WorktreeCommands,
  WorktreePatch,
} from "../../port.ts";
import {
  announceDroppedWorktree,
  announceProject,
  announceWorkspace,
  announceWorktree,
} from "../announce-sessionless.ts";
import { markSnapshots } from "../mark-snapshots.ts";
import { forgetKey, recordKey, replayed } from "../replay-key.ts";
import {
  actorRow,
  findWorktree,
  loadWorkspace,
  type OperationRow,
  SELECT_OPERATION,
  toOperation,
  toWorktree,
  type WorktreeRow,
} from "../rows/index.ts";
import { toJson, type Write } from "../sql.ts";
import { finishOperation, hasEnded, insertOperation, requireClaim } from "./operation.ts";
import { insertProject, insertWorkspace } from "./project.ts";

type Made = { worktreeId: WorktreeId };
type Begun = { operation: Operation; worktree: Worktree; workspace: Workspace };

function requireWorktree(write: Write, id: string): WorktreeRow {
  const row = findWorktree(write, id);
  if (row === undefined) throw notFound("worktree", id);
  return row;
}

function begun(write: Write, row: WorktreeRow): Begun {
  const workspace = loadWorkspace(write, { rid: row.workspace });
  if (workspace === undefined) throw new Error(`Worktree ${row.id} lost its workspace.`);
  const operation = write.get<OperationRow>(
    `${SELECT_OPERATION} WHERE o.workspace_id = ? AND o.kind = 'create'`,
    workspace.id,
  );
  if (operation === undefined) throw new Error(`Worktree ${row.id} lost its creation.`);
  return { operation: toOperation(write, operation), worktree: toWorktree(write, row), workspace };
}

/**
 * The intent of a creation (W-2, W-9): row, workspace and running operation before git is asked. A key whose worktree was dropped again made nothing, so it
 * begins anew.
 */
export function beginWorktree(write: Write, command: BeginWorktreeCommand): Applied<Begun> {
  const before = replayed<Made>(write, command.idempotency);
  const made = before && findWorktree(write, before.worktreeId);
  if (made !== undefined) return { value: begun(write, made), replayed: true };
  if (before !== undefined) forgetKey(write, command.idempotency);
  insertWorktree(write, command);
  const { operationId, instanceId, workspaceId, worktreeId, data, actor } = command;
  const operation = {
    id: operationId,
    instanceId,
    kind: "create",
    workspaceId,
    worktreeId,
    data,
    actor,
  } as const;
  insertOperation(write, { ...operation, leases: [workspaceId] });
  recordKey(write, command.idempotency, { worktreeId } satisfies Made);
  return { value: begun(write, requireWorktree(write, worktreeId)), replayed: false };
}

function insertWorktree(write: Write, command: BeginWorktreeCommand): void {
  const { actor, directory, path } = command;
  const taken = write.get(
    "SELECT 1 FROM workspace WHERE directory = ? UNION ALL SELECT 1 FROM worktree WHERE path = ?",
    directory,
    path,
  );
  if (taken !== undefined)
    throw new HoldfastError("CONFLICT", `There is a workspace in ${directory} already.`);
  const project = projectOf(write, command);
  const place = { id: command.workspaceId, project, directory, actor };
  const workspace = insertWorkspace(write, { ...place, kind: "worktree" });
  const rid = write.insert(
    `INSERT INTO worktree (id, project, workspace, path, branch, base_commit, base_tree, repository, state, owner, time_created, time_updated)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'creating', ?, ?, ?)`,
    command.worktreeId,
    project,
    workspace,
    path,
    command.branch,
    command.baseCommit,
    command.baseTree,
    command.repository,
    actorRow(write, actor),
    write.now,
    write.now,
  );
  announceWorkspace(write, workspace, actor);
  announceWorktree(write, rid, actor);
}

/** The project that works in the directory; a new one gets the workspace that worktrees are applied to (W-7). */
function projectOf(write: Write, command: BeginWorktreeCommand): number {
  const { actor, projectDirectory: directory } = command;
  const known = write.get<{ project: number }>(
    "SELECT project FROM workspace WHERE directory = ?",
    directory,
  );
  if (known !== undefined) return known.project;
  const project = insertProject(write, { id: command.projectId, directory, actor });
  const place = { id: command.directoryWorkspaceId, project, directory, actor };
  const workspace = insertWorkspace(write, place);
  announceProject(write, project, actor);
  announceWorkspace(write, workspace, actor);
  return project;
}

type PatchCommand = Parameters<WorktreeCommands["patchWorktree"]>[0];

/** The operation's step and what it did to the row stand or fall together (W-9). */
export function patchWorktree(write: Write, command: PatchCommand): Worktree {
  const row = requireWorktree(write, command.worktreeId);
  const { seen, patch, operation } = command;
  if (operation !== undefined) stepOperation(write, operation);
  const to = patch.state ?? row.state;
  if (!mayBecome(row.state, to, operation === undefined ? "anyone" : "operation"))
    throw new HoldfastError(
      "CONFLICT",
      `The worktree ${row.id} is ${row.state} and cannot become ${to} now.`,
    );
  if (seen !== undefined && row.time_updated > seen)
    throw new HoldfastError("CONFLICT", `The worktree ${row.id} was changed meanwhile.`);
  applyPatch(write, row, patch);
  if (command.audit !== undefined)
    recordWorktreeAudit(write, {
      ...command.audit,
      worktreeId: command.worktreeId,
      path: row.path,
      actor: command.actor,
      time: write.now,
    });
  markSnapshots(write, command.marks ?? [], command.actor);
  return toWorktree(write, announceWorktree(write, row.rid, command.actor));
}

function stepOperation(write: Write, step: NonNullable<PatchCommand["operation"]>): void {
  const row = requireClaim(write, step);
  if (row.state !== "running") throw hasEnded(row);
  if (step.state !== "running") finishOperation(write, row, step.state, step.data);
  else if (step.data !== undefined) {
    write.run("UPDATE operation SET data = ? WHERE rid = ?", JSON.stringify(step.data), row.rid);
  }
}

function applyPatch(write: Write, row: WorktreeRow, patch: WorktreePatch): void {
  const { state = row.state } = patch;
  // The first of the states sets the time, the others keep it, and coming back forgets it.
  const since = (time: number | null, ...states: Worktree["state"][]) =>
    states.includes(state) ? (time ?? (states[0] === state ? write.now : null)) : null;
  write.run(
    `UPDATE worktree SET state = ?, rescue = ?, size = ?, path = ?, branch = ?, base_commit = ?, base_tree = ?, note = ?,
     time_updated = max(?, time_updated), time_archived = ?, time_removed = ? WHERE rid = ?`,
    state,
    patch.rescue === undefined ? row.rescue : toJson(patch.rescue),
    patch.size ?? row.size,
    patch.path ?? row.path,
    patch.branch ?? row.branch,
    patch.baseCommit ?? row.base_commit,
    patch.baseTree ?? row.base_tree,
    patch.note === undefined ? row.note : patch.note,
    write.now,
    since(row.time_archived, "archived", "removing", "removed", "lost"),
    since(row.time_removed, "removed"),
    row.rid,
  );
}

type Drop = { worktreeId: WorktreeId; operation: OperationClaim; actor: Actor };

/** Undoes a creation that git refused or a crash cut off (W-2). A worktree somebody works in stays, as does one whose creation was ended otherwise. */
export function dropWorktree(write: Write, command: Drop): { dropped: boolean } {
  const row = findWorktree(write, command.worktreeId);
  const operation = requireClaim(write, command.operation);
  if (row === undefined || !isDroppable(write, row, operation)) return { dropped: false };
  finishOperation(write, operation, "undone");
  announceDroppedWorktree(write, row, command.actor);
  write.run("DELETE FROM worktree WHERE rid = ?", row.rid);
  for (const table of ["change", "snapshot", "workspace_lease"]) {
    write.run(`DELETE FROM ${table} WHERE workspace = ?`, row.workspace);
  }
  write.run(
    "DELETE FROM event WHERE position = (SELECT event_position FROM workspace WHERE rid = ?)",
    row.workspace,
  );
  write.run("DELETE FROM workspace WHERE rid = ?", row.workspace);
  return { dropped: true };
}

function isDroppable(
  write: Write,
  row: WorktreeRow,
  operation: { state: Operation["state"]; worktree_id: string | null },
): boolean {
  if (row.state !== "creating" || operation.state !== "running" || operation.worktree_id !== row.id)
    return false;
  return write.get("SELECT 1 FROM session WHERE workspace = ? LIMIT 1", row.workspace) === undefined;
}

export function recordWorktreeAudit(write: Write, command: WorktreeAudit): void {
  write.insert(
    "INSERT INTO worktree_audit (worktree_id, path, action, reason, actor, time) VALUES (?, ?, ?, ?, ?, ?)",
    command.worktreeId ?? null,
    command.path,
    command.action,
    command.reason,
    actorRow(write, command.actor),
    command.time,
  );
}
