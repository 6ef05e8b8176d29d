/** The exact opposite of an earlier act (W-7, W-8): files get back the bytes that they had, trees and rows what was decided. */
import { HoldfastError, newId, notFound } from "@holdfast/kernel";
import type { OperationId } from "@holdfast/protocol";
import type { Operation } from "../../store/index.ts";
import type { Prepared } from "./acts.ts";
import type { WorkspaceRepository, ReviewDeps, Target } from "./deps.ts";
import type { Decision } from "./left-rows.ts";
import { chosenBefore, marksOf } from "./marks.ts";
import { type EndedPlan, type Entry, entryOf, readStep, reversed, storedPlan } from "./plan.ts";
import { projectMove } from "./project-trees.ts";
import { conflictRefusal } from "./refusal.ts";
import { restoredRows } from "./restored-rows.ts";
import type { ReviewRepository } from "./review-repository.ts";
import {
  editsOf,
  keep,
  type MovedTree,
  movedTree,
  requireEntries,
  trackingWith,
  type Watched,
  watchedOf,
  withoutDeleted,
} from "./trees.ts";
import { standings } from "./write-files.ts";

/** How long an act can be undone, in ms: as long as what it needs is kept (W-3: 7 days). */
export const UNDO_MS = 7 * 24 * 3_600_000;
/** Newest undos that are looked through for one of the same act. */
const UNDO_LOOK = 1_000;

export type Undoable = { operation: Operation; plan: EndedPlan; decision: Decision };

/** The act that is to be undone. Rejects NOT_FOUND, and CONFLICT when it did nothing, is undone or too long ago. */
export async function requireUndoable(
  { store, clock }: ReviewDeps,
  place: WorkspaceRepository,
  operationId: OperationId,
): Promise<Undoable> {
  const operation = await store.getOperation(operationId);
  const { id: workspaceId } = place.workspace;
  const { kind } = operation ?? {};
  if (operation?.workspaceId !== workspaceId || (kind !== "apply" && kind !== "accept" && kind !== "reject"))
    throw notFound("apply, accept or reject of this workspace", operationId);
  const plan = storedPlan(readStep(operation.data));
  if (operation.state !== "done" || plan === undefined)
    throw new HoldfastError("CONFLICT", `${operationId} is ${operation.state}; there is nothing to undo.`);
  if ((operation.time.ended ?? operation.time.created) + UNDO_MS < clock.now())
    throw new HoldfastError(
      "CONFLICT",
      `${operationId} is more than 7 days old; what its undo needs is not kept so long.`,
    );
  const undos = await store.listOperations({ workspaceId, kinds: ["undo"], state: "done", limit: UNDO_LOOK });
  if (undos.some((undo) => readStep(undo.data).undoes === operationId))
    throw new HoldfastError("CONFLICT", `${operationId} is undone already.`);
  return { operation, plan, decision: kind === "reject" ? "reject" : "takeOver" };
}

/** Rejects CHANGES_CONFLICT when a file is not what the act made of it, and CONFLICT when something else was decided since. */
export async function prepareUndo(
  deps: ReviewDeps,
  facts: { operation: { id: OperationId }; place: WorkspaceRepository; target: Target | undefined },
  undoable: Undoable,
): Promise<Prepared> {
  const { operation, place, target } = facts;
  const { repo, workspace } = place;
  const filesRepo = target?.repo ?? repo;
  await deps.watch.refresh(workspace.id);
  const watched = await watchedOf(deps, workspace.id);
  const reverse = reversed(undoable.plan);
  const back = { ...reverse, files: await withoutDeleted(filesRepo, reverse.files) };
  await requireEntries(repo, watched.baseline, back.baseline);
  await requireUntouched(filesRepo, back.files);
  await requireEntries(repo, watched.newest, back.newest);
  const about = { operationId: operation.id, workspaceId: workspace.id, time: deps.clock.now() };
  const baseline = await moved(repo, about, "base", watched.baseline, back.baseline);
  const newest = await moved(repo, about, "snap", watched.newest, back.newest);
  const rows = await rowsAfter(deps, repo, watched, undoable, {
    baseline: baseline?.tree ?? watched.baseline,
    newest: newest?.tree ?? watched.newest,
  });
  const marks =
    undoable.decision === "reject"
      ? marksOf(chosenBefore(undoable.plan.former), newest?.tree ?? watched.newest, about.time)
      : [];
  const row = await keep(filesRepo, about, [], back.files);
  const entries = back.files.map(entryOf);
  const project = target === undefined ? undefined : await projectMove(deps, operation.id, target, entries);
  const trees = [baseline, newest].filter((tree) => tree !== undefined);
  return {
    repo: filesRepo,
    plan: {
      ...back,
      root: filesRepo.root,
      refs: [...trees.map(({ ref, commit }) => ({ ref, commit })), ...(project?.refs ?? [])],
      keeps: [watched.baseline, watched.newest, row.ref, ...(project?.keeps ?? [])],
      write: {
        workspaceId: workspace.id,
        tracking: trackingWith(watched.tracking, { baseline, newest }),
        ...rows,
        snapshots: [row, ...trees.map((tree) => tree.row)],
        notes: [],
        marks,
        others: project?.others ?? [],
      },
      former: [],
      applied: undoable.plan.applied,
      changeIds: rows.changes.map(({ id }) => id),
    },
  };
}

async function moved(
  repo: ReviewRepository,
  about: Parameters<typeof movedTree>[1],
  name: "base" | "snap",
  tree: string,
  entries: readonly Entry[],
): Promise<MovedTree | undefined> {
  if (entries.length === 0) return undefined;
  return movedTree(repo, about, name, await repo.editTree(tree, editsOf(entries)));
}

async function requireUntouched(repo: ReviewRepository, files: EndedPlan["files"]): Promise<void> {
  const all = await standings(repo.checkout, files);
  const others = files.filter(({ key }) => all.get(key) !== "old");
  if (others.length === 0) return;
  const found = await repo.checkout.read(others.map(({ key }) => key));
  throw await conflictRefusal(
    repo,
    others.map(({ key, old, new: next }) => ({
      key,
      reason: "The file was changed since.",
      base: old?.version,
      ours: found.get(key)?.version,
      theirs: next?.version,
    })),
  );
}

async function rowsAfter(
  deps: ReviewDeps,
  repo: ReviewRepository,
  watched: Watched,
  { plan, decision }: Undoable,
  after: { baseline: string; newest: string },
) {
  const keys = new Set([...plan.baseline, ...plan.newest].map(({ key }) => key));
  const isTouched = (one: { key: string; oldKey?: string | undefined }) =>
    keys.has(one.key) || (one.oldKey !== undefined && keys.has(one.oldKey));
  const differences = (await repo.differences(after.baseline, after.newest)).filter(isTouched);
  const hunks = await repo.hunks(
    after.baseline,
    after.newest,
    differences.flatMap(({ key, oldKey }) => (oldKey === undefined ? [key] : [key, oldKey])),
  );
  return restoredRows({
    decision,
    former: plan.former,
    present: watched.rows.filter(isTouched),
    differences,
    hunks,
    newChangeId: () => newId("chg", deps.clock.now()),
  });
}
