/**
 * Work on files that is not one transaction (W-9, W-11): the intent is committed with the write leases it needs, then git and files are worked on, each
 * durable step replaces the plan, and the end gives the leases back.
 *
 *   begin ─► running ─► advance ... ─► end: done | undone | conflict
 *
 * - All leases are taken with the intent or none is; they last until its end, over any crash: recovery ends it.
 * - The first end wins; after it nothing of the plan is changed.
 * - One owner at a time: who takes it raises its epoch, and the former owner's steps are refused.
 */
import { HoldfastError, notFound } from "@holdfast/kernel";
import type { Actor, InstanceId, JsonObject, OperationId, WorkspaceId } from "@holdfast/protocol";
import type { Applied, BeginOperationCommand, Operation, OperationClaim, OperationKind } from "../../port.ts";
import { forgetKey, recordKey, replayed } from "../replay-key.ts";
import {
  actorRow,
  findOperation,
  findWorkspaceHead,
  findWorktree,
  type OperationRow,
  toOperation,
} from "../rows/index.ts";
import type { Write } from "../sql.ts";
import { leaseToOperation, releaseOperation } from "../workspace-lease.ts";

type Made = { operationId: OperationId };
type Ended = Exclude<Operation["state"], "running">;

function requireOperation(write: Write, id: string): OperationRow {
  const row = findOperation(write, id);
  if (row === undefined) throw notFound("operation", id);
  return row;
}

/** An operation that has ended, or that runs and is the caller's. */
export function requireClaim(write: Write, { id, epoch }: OperationClaim): OperationRow {
  const row = requireOperation(write, id);
  if (row.state === "running" && row.epoch !== epoch)
    throw new HoldfastError("CLAIM_LOST", `Another owner has taken operation ${id}.`);
  return row;
}

export function beginOperation(write: Write, command: BeginOperationCommand): Applied<Operation> {
  const before = replayed<Made>(write, command.idempotency);
  if (before !== undefined) {
    const first = requireOperation(write, before.operationId);
    if (first.state !== "undone") return { value: toOperation(write, first), replayed: true };
    // It did nothing, and faults are not recorded (D-5).
    forgetKey(write, command.idempotency);
  }
  const { operationId, worktreeId } = command;
  if (worktreeId !== undefined && findWorktree(write, worktreeId) === undefined)
    throw notFound("worktree", worktreeId);
  insertOperation(write, { ...command, id: operationId });
  recordKey(write, command.idempotency, { operationId } satisfies Made);
  return { value: toOperation(write, requireOperation(write, operationId)), replayed: false };
}

/** The row and its leases. WORKSPACE_BUSY when somebody works in one of the workspaces. */
export function insertOperation(
  write: Write,
  operation: {
    id: OperationId;
    instanceId: InstanceId;
    kind: OperationKind;
    workspaceId: WorkspaceId;
    worktreeId?: string | undefined;
    leases: readonly WorkspaceId[];
    data: JsonObject;
    actor: Actor;
  },
): void {
  requireWorkspace(write, operation.workspaceId);
  const rid = write.insert(
    `INSERT INTO operation (id, kind, state, workspace_id, worktree_id, actor, time_created, data, instance, host)
     VALUES (?, ?, 'running', ?, ?, ?, ?, ?, ?, (SELECT host FROM instance WHERE id = ?))`,
    operation.id,
    operation.kind,
    operation.workspaceId,
    operation.worktreeId ?? null,
    actorRow(write, operation.actor),
    write.now,
    JSON.stringify(operation.data),
    operation.instanceId,
    operation.instanceId,
  );
  for (const id of new Set(operation.leases)) leaseToOperation(write, requireWorkspace(write, id), rid);
}

function requireWorkspace(write: Write, id: string) {
  const workspace = findWorkspaceHead(write, id);
  if (workspace === undefined) throw notFound("workspace", id);
  return workspace;
}

/** CONFLICT once it has ended. */
export function advanceOperation(
  write: Write,
  command: { operation: OperationClaim; data: JsonObject },
): void {
  const row = requireClaim(write, command.operation);
  if (row.state !== "running") throw hasEnded(row);
  write.run("UPDATE operation SET data = ? WHERE rid = ?", JSON.stringify(command.data), row.rid);
}

export const hasEnded = (row: OperationRow): HoldfastError =>
  new HoldfastError("CONFLICT", `Operation ${row.id} has ended (${row.state}).`, {
    data: { state: row.state },
  });

export function takeOperation(
  write: Write,
  command: { operationId: OperationId; instanceId: InstanceId },
): Operation | undefined {
  const { operationId, instanceId } = command;
  const row = requireOperation(write, operationId);
  if (row.state !== "running" || (row.alive === 1 && row.instance !== instanceId)) return undefined;
  write.run("UPDATE operation SET instance = ?, epoch = epoch + 1 WHERE rid = ?", instanceId, row.rid);
  return toOperation(write, requireOperation(write, operationId));
}

export function endOperation(
  write: Write,
  command: { operation: OperationClaim; state: Ended; data?: JsonObject | undefined },
): Operation {
  const row = requireClaim(write, command.operation);
  finishOperation(write, row, command.state, command.data);
  return toOperation(write, requireOperation(write, row.id));
}

/** Ends a running operation and gives its leases back; false, and nothing is written, when it has ended already. */
export function finishOperation(write: Write, row: OperationRow, state: Ended, data?: JsonObject): boolean {
  const changed = write.run(
    "UPDATE operation SET state = ?, time_ended = max(?, time_created), data = ? WHERE rid = ? AND state = 'running'",
    state,
    write.now,
    data === undefined ? row.data : JSON.stringify(data),
    row.rid,
  );
  if (changed === 1) releaseOperation(write, row.rid);
  return changed === 1;
}
