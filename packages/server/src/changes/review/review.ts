/**
 * Deciding about pending changes (W-6 to W-9): what is listed, taken over, written back, undone and remarked on.
 *
 *   worktree:            apply ─► merged into the user's checkout      reject ─► written back in the worktree
 *   project directory:   apply is accept ─► the baseline moves          reject ─► written back in the directory
 */
import { notFound } from "@holdfast/kernel";
import type {
  ApplyChanges,
  Change,
  ChangeId,
  ChangeList,
  ChangeOperationList,
  ChangeResult,
  CommentChange,
  OperationId,
  RejectChanges,
  ReviewChanges,
  WorkspaceId,
} from "@holdfast/protocol";
import type { Operations } from "../../operation/index.ts";
import type { Applied } from "../../store/index.ts";
import { isAct, REVIEW_KINDS, reviewOperations, runAct, shownOperation } from "./acts.ts";
import type { Reviewer, ReviewDeps } from "./deps.ts";
import { getChange, listChanges } from "./list-changes.ts";
import { prepareAccept, prepareApply, prepareReject } from "./prepare-decision.ts";
import { prepareUndo, requireUndoable } from "./prepare-undo.ts";
import { type Remark, remarkOf } from "./remark.ts";

/** Newest acts that a list names. */
const LISTED_OPERATIONS = 200;

/** Every act is whole or not at all, and the same for a repeated Idempotency-Key. Refusals are HoldfastErrors. */
export type Review = {
  list(workspaceId: WorkspaceId, options: { refresh: boolean }): Promise<ChangeList>;
  get(workspaceId: WorkspaceId, changeId: ChangeId): Promise<Change>;
  /** In a project directory this is accept. STALE, BASE_DIVERGED, CHANGES_CONFLICT, WORKSPACE_BUSY. */
  apply(workspaceId: WorkspaceId, request: ApplyChanges, reviewer: Reviewer): Promise<Applied<ChangeResult>>;
  /** STALE, CHANGES_CONFLICT, WORKSPACE_BUSY. */
  reject(
    workspaceId: WorkspaceId,
    request: RejectChanges,
    reviewer: Reviewer,
  ): Promise<Applied<ChangeResult>>;
  /** CONFLICT, CHANGES_CONFLICT, WORKSPACE_BUSY. */
  undo(
    workspaceId: WorkspaceId,
    operationId: OperationId,
    reviewer: Reviewer,
  ): Promise<Applied<ChangeResult>>;
  mark(workspaceId: WorkspaceId, request: ReviewChanges, reviewer: Reviewer): Promise<ChangeList>;
  /** What a comment on a line becomes; its admission is the caller's. */
  remark(workspaceId: WorkspaceId, request: CommentChange): Promise<Remark>;
  operations(workspaceId: WorkspaceId): Promise<ChangeOperationList>;
  /** Ends what a dead server left; before anybody listens. */
  recover(): Promise<void>;
  stop(): void;
};

export function createReview(deps: ReviewDeps): Review {
  const operations = reviewOperations(deps);
  const { repositories, store } = deps;
  return {
    list: (workspaceId, options) => listChanges(deps, workspaceId, options),
    get: (workspaceId, changeId) => getChange(deps, workspaceId, changeId),
    apply: (workspaceId, request, reviewer) => apply(deps, operations, workspaceId, request, reviewer),
    async reject(workspaceId, request, reviewer) {
      const place = await repositories.of(workspaceId);
      const intent = { kind: "reject", workspaceId, leases: [workspaceId] } as const;
      return runAct(deps, operations, { ...intent, leases: [workspaceId] }, reviewer, (operation) =>
        prepareReject(deps, { operation, place }, request),
      );
    },
    undo: (workspaceId, operationId, reviewer) => undo(deps, operations, workspaceId, operationId, reviewer),
    async mark(workspaceId, { changes, reviewed }, { actor }) {
      await store.markReviewed({ workspaceId, changes, reviewed, actor });
      return listChanges(deps, workspaceId, { refresh: false });
    },
    remark: (workspaceId, request) => remarkOf(deps, workspaceId, request),
    operations: (workspaceId) => listOperations(deps, workspaceId),
    recover: () => operations.recover(),
    stop: () => operations.stop(),
  };
}

async function apply(
  deps: ReviewDeps,
  operations: Operations,
  workspaceId: WorkspaceId,
  request: ApplyChanges,
  reviewer: Reviewer,
): Promise<Applied<ChangeResult>> {
  const place = await deps.repositories.of(workspaceId);
  if (place.workspace.kind === "directory")
    return runAct(
      deps,
      operations,
      { kind: "accept", workspaceId, leases: [workspaceId] },
      reviewer,
      (operation) => prepareAccept(deps, { operation, place }, request),
    );
  const target = await deps.repositories.targetOf(place.workspace);
  const leases = [workspaceId, target.workspaceId];
  return runAct(deps, operations, { kind: "apply", workspaceId, leases }, reviewer, (operation) =>
    prepareApply(deps, { operation, place, target }, request),
  );
}

async function undo(
  deps: ReviewDeps,
  operations: Operations,
  workspaceId: WorkspaceId,
  operationId: OperationId,
  reviewer: Reviewer,
): Promise<Applied<ChangeResult>> {
  const place = await deps.repositories.of(workspaceId);
  const isApply = (await deps.store.getOperation(operationId))?.kind === "apply";
  const target = isApply ? await deps.repositories.targetOf(place.workspace) : undefined;
  const leases = target === undefined ? [workspaceId] : [workspaceId, target.workspaceId];
  return runAct(
    deps,
    operations,
    { kind: "undo", workspaceId, leases, undoes: operationId },
    reviewer,
    async (operation) => {
      const undoable = await requireUndoable(deps, place, operationId);
      return prepareUndo(deps, { operation, place, target }, undoable);
    },
  );
}

async function listOperations({ store }: ReviewDeps, workspaceId: WorkspaceId): Promise<ChangeOperationList> {
  if ((await store.getWorkspace(workspaceId)) === undefined) throw notFound("workspace", workspaceId);
  const all = await store.listOperations({ workspaceId, kinds: REVIEW_KINDS, limit: LISTED_OPERATIONS });
  return { items: all.filter(isAct).map(shownOperation) };
}
