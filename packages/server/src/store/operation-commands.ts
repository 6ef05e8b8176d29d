/** The writes and reads of the store port that concern work on files that is not one transaction (W-9, W-11). See `port.ts`. */
import type { Actor, InstanceId, JsonObject, OperationId, WorkspaceId, WorktreeId } from "@holdfast/protocol";
import type { Applied, Written } from "./written.ts";

/** Kinds of work on files that is not one transaction: an intent first, then git and files, then rows (W-9, W-11). */
export type OperationKind =
  | "create"
  | "archive"
  | "remove"
  | "restore"
  | "apply"
  | "accept"
  | "reject"
  | "undo";

/** `running` until it is over; recovery finishes or undoes what a dead server left so. */
export type OperationState = "running" | "done" | "undone" | "conflict";

/** An intent. `data` is the plan of the room that made it, with every name and hash that is needed to finish or undo it. */
export type Operation = {
  id: OperationId;
  kind: OperationKind;
  state: OperationState;
  /** Who works at it, and the host that its files are on; absent when any host has them. */
  owner: { instanceId?: InstanceId | undefined; host?: string | undefined; isAlive: boolean };
  /** Grows with each owner: what a former one still writes is refused. */
  epoch: number;
  /** What it is about. */
  workspaceId: WorkspaceId;
  /** The workspaces that it holds; none once it has ended. */
  leases: WorkspaceId[];
  worktreeId?: WorktreeId | undefined;
  data: JsonObject;
  actor: Actor;
  time: { created: number; ended?: number | undefined };
};

/** Names the operation and the epoch in which the caller owns it. CLAIM_LOST when another has taken it since. */
export type OperationClaim = { id: OperationId; epoch: number };

export type BeginOperationCommand = Written & {
  operationId: OperationId;
  /** Its owner. The files are on this instance's host. */
  instanceId: InstanceId;
  kind: OperationKind;
  workspaceId: WorkspaceId;
  /** Workspaces whose write lease it holds until its end. WORKSPACE_BUSY with `data.holder` (a session's or an operation's id). */
  leases: WorkspaceId[];
  worktreeId?: WorktreeId | undefined;
  data: JsonObject;
};

export type OperationCommands = {
  /** Stores the intent and takes the leases. A repeated key answers the operation that it began, as it is now; one that was undone is begun anew. */
  beginOperation(command: BeginOperationCommand): Promise<Applied<Operation>>;
  /** Replaces the plan of a running operation: a durable step. CONFLICT once it has ended, CLAIM_LOST. */
  advanceOperation(command: { operation: OperationClaim; data: JsonObject }): Promise<void>;
  /**
   * Makes the instance the owner, with a new epoch, of an operation that is its own or whose owner is dead. `undefined`, and nothing is written, when it has
   * ended or its owner lives.
   */
  takeOperation(command: {
    operationId: OperationId;
    instanceId: InstanceId;
  }): Promise<Operation | undefined>;
  /** Ends it and gives its leases back. A no-op that answers the first end. CLAIM_LOST while another owns it. */
  endOperation(command: {
    operation: OperationClaim;
    state: Exclude<OperationState, "running">;
    data?: JsonObject | undefined;
  }): Promise<Operation>;
};

export type OperationQueries = {
  getOperation(id: OperationId): Promise<Operation | undefined>;
  /** Newest first. */
  listOperations(query: {
    workspaceId?: WorkspaceId;
    kinds?: readonly OperationKind[];
    state?: OperationState;
    limit: number;
  }): Promise<Operation[]>;
};
