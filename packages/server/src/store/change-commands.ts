/** The writes and reads of the store port that concern snapshots and pending changes. See `port.ts`. */
import type {
  Actor,
  Change,
  ChangeId,
  JsonObject,
  PartId,
  SessionId,
  Tracking,
  TurnId,
  WorkspaceId,
} from "@holdfast/protocol";
import type { OperationClaim, OperationState } from "./operation-commands.ts";

/**
 * A change as it is stored: what lists and events show beside it (`action`, `staged`, `patch`) is derived. `key` is the exact path, its bytes
 * as Latin-1, and with the workspace what identifies a pending change (W-4).
 */
export type StoredChange = Omit<Change, "action" | "staged" | "patch" | "patchTruncated" | "time"> & {
  key: string;
  oldKey?: string | undefined;
};

/** A snapshot's ref, kept as long as something needs it (W-3). */
export type SnapshotRow = {
  ref: string;
  workspaceId: WorkspaceId;
  sessionId?: SessionId | undefined;
  turnId?: TurnId | undefined;
  commit: string;
  tree: string;
  time: number;
};

/** New state of a workspace's changes, written whole or not at all. */
export type ChangeWrite = {
  workspaceId: WorkspaceId;
  /** Replaces what is known of its tracking. */
  tracking: Tracking;
  /**
   * Rows to insert or replace, `pending` or `conflict`. A revision other than the stored one plus one (1 for a new row), or a path that has another row which
   * is not in `gone`, is refused with STALE.
   */
  changes: StoredChange[];
  /** Rows that differ from the baseline no more, and are nobody's decision: they go. Told by a last event with state `applied` where `accepted`, else `rejected`. */
  gone: { changeId: ChangeId; state: "applied" | "rejected" }[];
  snapshots: SnapshotRow[];
  actor: Actor;
};

/** Something an agent is told once, in front of a session's next prompt (W-6). */
export type SessionNote = { id: number; sessionId: SessionId; kind: "rejected"; paths: string[] };

/** What a session is told of its files when somebody put them to another state: their tree, as a part with this id. */
export type SnapshotMark = { sessionId: SessionId; partId: PartId; snapshot: string };

export type ChangeCommands = {
  /** What a snapshot showed. NOT_FOUND for the workspace. */
  recordChanges(command: ChangeWrite): Promise<void>;
  /** The end of an apply, accept, reject or undo: rows, notes, marks and intent in one transaction (W-9). A no-op once the operation has ended; CLAIM_LOST. */
  commitReview(
    command: ChangeWrite & {
      operation: OperationClaim;
      state: Exclude<OperationState, "running">;
      data: JsonObject;
      notes: { sessionId: SessionId; kind: "rejected"; paths: string[] }[];
      marks?: SnapshotMark[] | undefined;
      /** Other workspaces whose trees moved with it: the project directory that a worktree's changes were merged into. */
      others?: ChangeWrite[] | undefined;
    },
  ): Promise<void>;
  /** Marks revisions as reviewed, or takes the marks back: all or none. STALE when one has moved, NOT_FOUND when it is gone. */
  markReviewed(command: {
    workspaceId: WorkspaceId;
    changes: { id: ChangeId; revision: number }[];
    reviewed: boolean;
    actor: Actor;
  }): Promise<void>;
  /**
   * The notes go out with this turn's prompt; those told to another turn already are left out of the answer (W-6: once). CLAIM_LOST when `epoch` is not the
   * session's; CONFLICT once the turn is not running.
   */
  takeNotes(command: { sessionId: SessionId; turnId: TurnId; epoch: number }): Promise<SessionNote[]>;
  forgetSnapshots(command: { refs: string[] }): Promise<void>;
};

export type ChangeQueries = {
  /** `{state: "on"}` with nothing in it before the first snapshot. NOT_FOUND. */
  getTracking(workspaceId: WorkspaceId): Promise<Tracking>;
  listChanges(query: {
    workspaceId: WorkspaceId;
    states?: readonly Change["state"][];
  }): Promise<(StoredChange & Pick<Change, "time" | "action" | "staged">)[]>;
  getChange(id: ChangeId): Promise<(StoredChange & Pick<Change, "time" | "action" | "staged">) | undefined>;
  /** Those taken for a turn, in the order they were recorded. */
  turnSnapshots(turnId: TurnId): Promise<SnapshotRow[]>;
  /** The snapshot of a workspace that was recorded last. */
  newestSnapshot(workspaceId: WorkspaceId): Promise<SnapshotRow | undefined>;
  /** Refs older than `before` that no pending change, no baseline, no newest tree and no operation of the last 7 days names (W-3). */
  unneededSnapshots(query: { before: number; limit: number }): Promise<SnapshotRow[]>;
};
