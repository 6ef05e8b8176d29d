import { newId } from "@holdfast/kernel";
import type { Change, ChangeId, OperationId, Tracking, WorkspaceId, Worktree } from "@holdfast/protocol";
import type {
  BeginOperationCommand,
  BeginWorktreeCommand,
  ChangeWrite,
  CommittedEvent,
  Operation,
  OperationClaim,
  SnapshotRow,
  StoredChange,
} from "../../src/store/index.ts";
import { OWNER, type StoreRig } from "./rig.ts";

/** The command that begins a worktree of a project of its own. */
export function creation(overrides: Partial<BeginWorktreeCommand> = {}): BeginWorktreeCommand {
  const worktreeId = overrides.worktreeId ?? newId("wkt");
  return {
    actor: OWNER,
    operationId: newId("opr"),
    instanceId: newId("ins"),
    data: { step: "begun" },
    worktreeId,
    workspaceId: newId("wsp"),
    projectId: newId("prj"),
    directoryWorkspaceId: newId("wsp"),
    projectDirectory: `/repositories/${worktreeId}`,
    directory: `/managed/${worktreeId}/sub`,
    path: `/managed/${worktreeId}`,
    branch: `holdfast/${worktreeId}`,
    baseCommit: "c".repeat(40),
    baseTree: "7".repeat(40),
    repository: `/repositories/${worktreeId}/.git`,
    ...overrides,
  };
}

/** An operation in the hands of whoever began it. */
export const firstClaim = (id: OperationId): OperationClaim => ({ id, epoch: 1 });

/** A worktree that was made, and is active. */
export async function activeWorktree(
  rig: StoreRig,
  overrides: Partial<BeginWorktreeCommand> = {},
): Promise<Worktree> {
  const command = creation(overrides);
  await rig.store.beginWorktree(command);
  return rig.store.patchWorktree({
    worktreeId: command.worktreeId,
    patch: { state: "active" },
    actor: OWNER,
    operation: { ...firstClaim(command.operationId), state: "done" },
  });
}

/** Begins an operation that holds the workspace it is about, and what else is named. */
export async function operate(
  rig: StoreRig,
  workspaceId: WorkspaceId,
  overrides: Partial<BeginOperationCommand> = {},
): Promise<Operation> {
  const begun = await rig.store.beginOperation({
    actor: OWNER,
    operationId: newId("opr"),
    instanceId: rig.instanceId,
    kind: "accept",
    workspaceId,
    leases: [workspaceId],
    data: {},
    ...overrides,
  });
  return begun.value;
}

export const endOperation = (rig: StoreRig, operationId: OperationId): Promise<Operation> =>
  rig.store.endOperation({ operation: firstClaim(operationId), state: "done" });

/** A directory workspace that nothing works in. */
export async function workspace(rig: StoreRig): Promise<WorkspaceId> {
  return (await rig.create()).value.workspaceId;
}

export const TRACKING: Tracking = {
  state: "on",
  uncaptured: [],
  uncapturedCount: 0,
  baseline: "b".repeat(40),
  newest: "f".repeat(40),
};

let count = 0;

/** A new change of a file of its own. */
export function change(workspaceId: WorkspaceId, overrides: Partial<StoredChange> = {}): StoredChange {
  count += 1;
  const path = overrides.path ?? `src/file-${count}.ts`;
  return {
    id: newId("chg"),
    workspaceId,
    path,
    key: path,
    kind: "modified",
    revision: 1,
    state: "pending",
    agent: "rehearsal",
    contributions: [
      { agent: "rehearsal", before: "1".repeat(40), after: "2".repeat(40), hunks: ["h1"], time: 1 },
    ],
    hunks: [
      { id: "h1", oldStart: 1, oldLines: 1, newStart: 1, newLines: 2, origins: [{ agent: "rehearsal" }] },
    ],
    before: { blob: "3".repeat(40), mode: "100644" },
    after: { blob: "4".repeat(40), mode: "100644" },
    binary: false,
    additions: 2,
    deletions: 1,
    ...overrides,
  };
}

export const changeWrite = (workspaceId: WorkspaceId, overrides: Partial<ChangeWrite> = {}): ChangeWrite => ({
  workspaceId,
  tracking: TRACKING,
  changes: [],
  gone: [],
  snapshots: [],
  actor: OWNER,
  ...overrides,
});

/** Stores changes as a snapshot shows them. */
export const record = (rig: StoreRig, workspaceId: WorkspaceId, changes: StoredChange[]): Promise<void> =>
  rig.store.recordChanges(changeWrite(workspaceId, { changes }));

/** The same change one revision later. */
export const revised = (of: StoredChange, overrides: Partial<StoredChange> = {}): StoredChange => ({
  ...of,
  revision: of.revision + 1,
  ...overrides,
});

export function snapshot(workspaceId: WorkspaceId, overrides: Partial<SnapshotRow> = {}): SnapshotRow {
  count += 1;
  const hash = count.toString(16).padStart(40, "0");
  return {
    ref: `refs/holdfast/snap/${workspaceId}/${hash}/now`,
    workspaceId,
    commit: `c${hash.slice(1)}`,
    tree: `7${hash.slice(1)}`,
    time: Date.now(),
    ...overrides,
  };
}

/** The newest `change.updated` of each change that a feed tells, live or replayed. */
export function toldChanges(events: readonly CommittedEvent[]): Map<ChangeId, Change> {
  const told = new Map<ChangeId, Change>();
  for (const { type, data } of events) {
    if (type !== "change.updated") continue;
    const { change: value } = JSON.parse(data) as { change: Change };
    told.set(value.id, value);
  }
  return told;
}
