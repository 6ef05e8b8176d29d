import type { Actor, EventData } from "@holdfast/protocol";
import { appendSessionless } from "./log.ts";
import {
  changeByRid,
  type ChangeRow,
  type ProjectRow,
  type ShareRow,
  projectByRid,
  projectWorkspace,
  type RefRow,
  refByRid,
  findSession,
  shareByRid,
  shareWorkspace,
  toShare,
  toChange,
  toProject,
  toRefLine,
  toWorkspace,
  toWorktree,
  type WorkspaceHead,
  workspaceRow,
  worktreeByRid,
  type WorktreeRow,
} from "./rows/index.ts";
import type { Write } from "./sql.ts";

/**
 * Each appends the event of one row of no session as the row is now, and takes the row's older event away: a replay needs the newest only (D-4), and no
 * session's end would ever take these along.
 */

type RowEvent =
  | "project.updated"
  | "workspace.updated"
  | "worktree.updated"
  | "change.updated"
  | "ref.updated"
  | "share.updated";

const TABLES: Record<RowEvent, string> = {
  "project.updated": "project",
  "workspace.updated": "workspace",
  "worktree.updated": "worktree",
  "change.updated": "change",
  "ref.updated": "ref",
  "share.updated": "share",
};

function announce<T extends RowEvent>(
  write: Write,
  type: T,
  row: { rid: number; event_position: number },
  entry: { workspace: WorkspaceHead | undefined; actor: Actor; data: EventData<T> },
): void {
  const position = appendSessionless(write, { ...entry, type, ref: row.rid });
  write.run(`UPDATE ${TABLES[type]} SET event_position = ? WHERE rid = ?`, position, row.rid);
  forget(write, row);
}

/** The newer event stands already, so that no position is given twice. */
function forget(write: Write, row: { event_position: number }): void {
  if (row.event_position > 0) write.run("DELETE FROM event WHERE position = ?", row.event_position);
}

/** It stands in the feed of the project's directory, where there is one. */
export function announceProject(write: Write, rid: number, actor: Actor): ProjectRow {
  const row = present(projectByRid(write, rid), "Project", rid);
  const workspace = projectWorkspace(write, rid);
  announce(write, "project.updated", row, { workspace, actor, data: { project: toProject(row) } });
  return row;
}

export function announceWorkspace(write: Write, rid: number, actor: Actor): void {
  const row = present(workspaceRow(write, { rid }), "Workspace", rid);
  announce(write, "workspace.updated", row, { workspace: row, actor, data: { workspace: toWorkspace(row) } });
}

export function announceWorktree(write: Write, rid: number, actor: Actor): WorktreeRow {
  const row = present(worktreeByRid(write, rid), "Worktree", rid);
  const data = { worktree: toWorktree(write, row) };
  announce(write, "worktree.updated", row, { workspace: workspaceOf(row), actor, data });
  return row;
}

export function announceChange(write: Write, rid: number, actor: Actor): void {
  const row = present(changeByRid(write, rid), "Change", rid);
  announce(write, "change.updated", row, {
    workspace: workspaceOf(row),
    actor,
    data: { change: toChange(row) },
  });
}

/** A ref of a session stands in the feed of its workspace, for as long as the session is there; never in the session's own stream, which refs read. */
export function announceRef(write: Write, rid: number, actor: Actor): RefRow {
  const row = present(refByRid(write, rid), "Ref", rid);
  const session = findSession(write, row.session_id);
  const workspace = session === undefined ? undefined : { rid: session.workspace, id: session.workspace_id };
  announce(write, "ref.updated", row, {
    workspace,
    actor,
    data: { ref: toRefLine(write, row, write.now).ref },
  });
  return row;
}

/** It stands in the feed of its session's workspace as long as the session is there. */
export function announceShare(write: Write, rid: number, actor: Actor): ShareRow {
  const row = present(shareByRid(write, rid), "Share", rid);
  const workspace = shareWorkspace(write, row);
  announce(write, "share.updated", row, { workspace, actor, data: { share: toShare(write, row) } });
  write.run("UPDATE share SET time_told = ? WHERE rid = ?", write.now, rid);
  return row;
}

/** The last word on a worktree that was never made; its row goes. */
export function announceDroppedWorktree(write: Write, row: WorktreeRow, actor: Actor): void {
  const ended = {
    ...row,
    state: "removed",
    time_updated: updatedNow(write, row),
    time_removed: write.now,
  } as const;
  const worktree = toWorktree(write, ended);
  const entry = { workspace: workspaceOf(row), actor, data: { worktree } };
  appendSessionless(write, { ...entry, type: "worktree.updated", ref: null });
  forget(write, row);
}

/** The last word on a change whose row goes, without what it was made of. */
export function announceEndedChange(
  write: Write,
  row: ChangeRow,
  state: "applied" | "rejected",
  actor: Actor,
): void {
  const last = toChange({ ...row, time_updated: updatedNow(write, row) });
  const change = { ...last, state, hunks: [], contributions: [] };
  const entry = { workspace: workspaceOf(row), actor, data: { change } };
  appendSessionless(write, { ...entry, type: "change.updated", ref: null });
  forget(write, row);
}

/** Never earlier than before, wherever the clock stands: readers tell by it which of two is newer. */
const updatedNow = (write: Write, row: { time_updated: number }): number =>
  Math.max(write.now, row.time_updated);

type InWorkspace = { workspace: number; workspace_id: string; workspace_shared?: number };

const workspaceOf = (row: InWorkspace): WorkspaceHead & { shared?: number | undefined } => ({
  rid: row.workspace,
  id: row.workspace_id,
  shared: row.workspace_shared,
});

function present<T>(row: T | undefined, what: string, rid: number): T {
  if (row === undefined) throw new Error(`${what} row ${rid} is missing.`);
  return row;
}
