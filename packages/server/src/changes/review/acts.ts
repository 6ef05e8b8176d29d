/** Acts of review: each is an operation that holds the workspaces it decides about, and has one result per Idempotency-Key (W-8, W-9, D-5). */
import { faultPoint, HoldfastError } from "@holdfast/kernel";
import type { ChangeOperation, ChangeResult, OperationId, WorkspaceId } from "@holdfast/protocol";
import { keeperOf, Operations } from "../../operation/index.ts";
import type { Applied, Operation } from "../../store/index.ts";
import { carryOut, giveUp, settle, stoppedRefusal } from "./carry-out.ts";
import type { ReviewDeps, Reviewer } from "./deps.ts";
import { type Plan, readStep, type ReviewStep, storedPlan } from "./plan.ts";
import type { ReviewRepository } from "./review-repository.ts";

type ReviewKind = ChangeOperation["kind"];
export const REVIEW_KINDS: readonly ReviewKind[] = ["apply", "accept", "reject", "undo"];

type Intent = {
  kind: ReviewKind;
  workspaceId: WorkspaceId;
  leases: WorkspaceId[];
  undoes?: OperationId | undefined;
};

/** What a preparation made: nothing of it is written yet. `repo` is of the place whose files the plan names. */
export type Prepared = { plan: Plan; repo: ReviewRepository };

/** The operations of a review room. */
export function reviewOperations(deps: ReviewDeps): Operations {
  const keeper = keeperOf<ReviewStep>(() => deps.store, readStep, {
    settle: (held) => settle(deps, held),
    giveUp,
  });
  return new Operations(deps, { apply: keeper, accept: keeper, reject: keeper, undo: keeper });
}

/** Runs an act to its end. Rejects WORKSPACE_BUSY with `holder`, IDEMPOTENCY_MISMATCH, and what the preparation refuses; nothing is written then. */
export function runAct(
  deps: ReviewDeps,
  operations: Operations,
  { kind, workspaceId, leases, undoes }: Intent,
  reviewer: Reviewer,
  prepare: (operation: { id: OperationId }) => Promise<Prepared>,
): Promise<Applied<ChangeResult>> {
  const { store, watch } = deps;
  const data: ReviewStep = { stage: "begun", ...(undoes === undefined ? {} : { undoes }) };
  return operations.run<ReviewStep, ChangeResult>({
    begin: (own) => {
      const intent = { ...reviewer, ...own, kind, workspaceId, leases };
      return store.beginOperation({ ...intent, data });
    },
    data,
    async work(held) {
      faultPoint(`changes.${kind}.begun`);
      await requireQuiet(deps, leases);
      await watch.exclusive(leases, async () => {
        const { plan, repo } = await prepare(held);
        await carryOut(deps, held, plan, repo);
      });
      return resultOf(deps, held.id);
    },
    repeated: ({ id }) => resultOf(deps, id),
  });
}

/** Turns of a shared workspace hold no lease, nor may those that an agent started by itself, but they write all the same. */
async function requireQuiet({ store }: ReviewDeps, workspaceIds: readonly WorkspaceId[]): Promise<void> {
  for (const id of workspaceIds) {
    const workspace = await store.getWorkspace(id);
    for (const { sessionId, liveTurnId } of await store.workspaceUsers(id)) {
      const turn = liveTurnId === undefined ? undefined : await store.getTurn(liveTurnId);
      if (turn === undefined || (workspace?.concurrency !== "shared" && turn.inputId !== undefined)) continue;
      throw new HoldfastError(
        "WORKSPACE_BUSY",
        `A turn of session ${sessionId} works in workspace ${id}. Wait for its end.`,
        { data: { holder: sessionId } },
      );
    }
  }
}

/** What an act that has ended answers. Rejects CHANGES_CONFLICT when it stopped. */
async function resultOf({ store }: ReviewDeps, id: OperationId): Promise<ChangeResult> {
  const operation = await store.getOperation(id);
  if (operation === undefined) throw new HoldfastError("NOT_FOUND", `No operation has the id ${id}.`);
  const step = readStep(operation.data);
  const plan = storedPlan(step);
  if (operation.state === "conflict")
    throw stoppedRefusal(operation, (step.stage === "ended" && step.moved) || []);
  if (operation.state !== "done" || plan === undefined)
    throw new HoldfastError("WORKSPACE_BUSY", `${id} has not ended yet.`, { data: { holder: id } });
  const ids = new Set(plan.changeIds);
  const rows = await store.listChanges({ workspaceId: operation.workspaceId });
  return {
    operationId: id,
    applied: plan.applied,
    changes: rows.filter((row) => ids.has(row.id)).map(({ key: _key, oldKey: _old, ...change }) => change),
  };
}

/** What was refused before anything was planned was no act. */
export function isAct(operation: Operation): boolean {
  return operation.state === "running" || storedPlan(readStep(operation.data)) !== undefined;
}

/** An act as it is listed. */
export function shownOperation(operation: Operation): ChangeOperation {
  const { id, kind, workspaceId, state, time } = operation;
  const step = readStep(operation.data);
  const { created, ended } = time;
  return {
    operationId: id,
    kind: kind as ReviewKind,
    workspaceId,
    state,
    paths: (step.stage === "ended" ? step.moved : undefined) ?? storedPlan(step)?.applied ?? [],
    ...(step.undoes === undefined ? {} : { undoes: step.undoes }),
    time: { created, ...(ended === undefined ? {} : { ended }) },
  };
}
