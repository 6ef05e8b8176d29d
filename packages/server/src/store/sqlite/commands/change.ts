/**
 * Pending changes as snapshots and reviews write them (W-4, W-9): rows, tracking, snapshots, notes and the end of the operation in one transaction with
 * their events, or nothing.
 *
 *   1 ─► 2 ─► 3 ... ─► gone (applied | rejected)
 *
 * - A row is keyed (workspace, path) and moves by one revision at a time: who wrote from an older one is refused with STALE and loses nothing.
 * - Contributions name sessions and turns by their ids, so that deleting a session takes nothing from them.
 */
import { HoldfastError, notFound } from "@holdfast/kernel";
import { type Actor, type ChangeId, MAX_HUNKS, type WorkspaceId } from "@holdfast/protocol";
import type { ChangeCommands, ChangeWrite, SnapshotRow, StoredChange } from "../../port.ts";
import { announceChange, announceEndedChange } from "../announce-sessionless.ts";
import { markSnapshots } from "../mark-snapshots.ts";
import { changeData, findChange, findWorkspaceHead, type WorkspaceHead, WRITTEN } from "../rows/index.ts";
import type { Write } from "../sql.ts";
import { insertNotes } from "./note.ts";
import { finishOperation, requireClaim } from "./operation.ts";

export function recordChanges(write: Write, command: ChangeWrite): void {
  const workspace = requireWorkspace(write, command.workspaceId);
  // First, so that a path can go to another row.
  for (const { changeId, state } of command.gone) endChange(write, workspace, changeId, state, command.actor);
  for (const change of command.changes) putChange(write, workspace, change, command.actor);
  for (const snapshot of command.snapshots) putSnapshot(write, snapshot);
  write.run(
    "UPDATE workspace SET tracking = ? WHERE rid = ?",
    JSON.stringify(command.tracking),
    workspace.rid,
  );
}

type Commit = Parameters<ChangeCommands["commitReview"]>[0];

export function commitReview(write: Write, command: Commit): void {
  const operation = requireClaim(write, command.operation);
  if (operation.state !== "running") return;
  recordChanges(write, command);
  for (const other of command.others ?? []) recordChanges(write, other);
  insertNotes(write, command.notes);
  markSnapshots(write, command.marks ?? [], command.actor);
  finishOperation(write, operation, command.state, command.data);
}

function requireWorkspace(write: Write, id: WorkspaceId): WorkspaceHead {
  const row = findWorkspaceHead(write, id);
  if (row === undefined) throw notFound("workspace", id);
  return row;
}

/** A row that is gone already, or is another workspace's, has had its end. */
function endChange(
  write: Write,
  workspace: WorkspaceHead,
  id: ChangeId,
  state: "applied" | "rejected",
  actor: Actor,
): void {
  const row = findChange(write, id);
  if (row === undefined || row.workspace !== workspace.rid) return;
  announceEndedChange(write, row, state, actor);
  write.run("DELETE FROM change WHERE rid = ?", row.rid);
}

type Known = { rid: number; id: string; revision: number };

function putChange(write: Write, workspace: WorkspaceHead, change: StoredChange, actor: Actor): void {
  if (change.hunks.length > MAX_HUNKS)
    throw new Error(`Change ${change.id} names more than ${MAX_HUNKS} hunks.`);
  const known = write.get<Known>(
    "SELECT rid, id, revision FROM change WHERE workspace = ? AND key = ?",
    workspace.rid,
    change.key,
  );
  const revision = (known?.revision ?? 0) + 1;
  if ((known !== undefined && known.id !== change.id) || change.revision !== revision) {
    throw stale(change.id, change.revision - 1);
  }
  announceChange(
    write,
    known === undefined ? insert(write, workspace, change) : replace(write, known, change),
    actor,
  );
}

const stale = (id: string, revision: number): HoldfastError =>
  new HoldfastError("STALE", `Change ${id} is not at revision ${revision} any more. Read it again.`, {
    data: { changeId: id },
  });

function insert(write: Write, workspace: WorkspaceHead, change: StoredChange): number {
  return write.insert(
    `INSERT INTO change (id, workspace, key, state, revision, reviewed, time_created, time_updated, contributions, data, schema_version)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ${WRITTEN.change})`,
    change.id,
    workspace.rid,
    change.key,
    change.state,
    change.revision,
    change.reviewed ?? null,
    write.now,
    write.now,
    JSON.stringify(change.contributions),
    changeData(change),
  );
}

function replace(write: Write, { rid }: Known, change: StoredChange): number {
  write.run(
    `UPDATE change SET state = ?, revision = ?, reviewed = ?, time_updated = max(?, time_updated), contributions = ?, data = ?,
     schema_version = ${WRITTEN.change} WHERE rid = ?`,
    change.state,
    change.revision,
    change.reviewed ?? null,
    write.now,
    JSON.stringify(change.contributions),
    changeData(change),
    rid,
  );
  return rid;
}

/** A ref that is taken again names the newer commit. */
function putSnapshot(write: Write, snapshot: SnapshotRow): void {
  const workspace = requireWorkspace(write, snapshot.workspaceId);
  write.run(
    "INSERT OR REPLACE INTO snapshot (ref, workspace, session_id, turn_id, commit_id, tree, time) VALUES (?, ?, ?, ?, ?, ?, ?)",
    snapshot.ref,
    workspace.rid,
    snapshot.sessionId ?? null,
    snapshot.turnId ?? null,
    snapshot.commit,
    snapshot.tree,
    snapshot.time,
  );
}

type Mark = Parameters<ChangeCommands["markReviewed"]>[0];

/** All of them or none. A mark that is as it should be says nothing. */
export function markReviewed(write: Write, command: Mark): void {
  const workspace = requireWorkspace(write, command.workspaceId);
  for (const { id, revision } of command.changes) {
    const row = findChange(write, id);
    if (row === undefined || row.workspace !== workspace.rid) throw notFound("change", id);
    if (row.revision !== revision) throw stale(id, revision);
    const isReviewed = row.reviewed === revision;
    if (isReviewed === command.reviewed) continue;
    const mark = command.reviewed ? revision : null;
    write.run(
      "UPDATE change SET reviewed = ?, time_updated = max(?, time_updated) WHERE rid = ?",
      mark,
      write.now,
      row.rid,
    );
    announceChange(write, row.rid, command.actor);
  }
}

export function forgetSnapshots(write: Write, command: { refs: string[] }): void {
  for (const ref of command.refs) write.run("DELETE FROM snapshot WHERE ref = ?", ref);
}
