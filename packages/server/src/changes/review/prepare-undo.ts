/** The exact opposite of an earlier act (W-7, W-8): files get back the bytes that they had, trees and rows what was decided. */
import { HoldfastError, newId, notFound } from "@holdfast/kernel";
import type { OperationId } from "@holdfast/protocol";
import type { Operation } from "../../store/index.ts";
import type { Place, ReviewDeps } from "./deps.ts";
import type { Desk } from "./desk.ts";
import type { Decision } from "./left-rows.ts";
import type { Prepared } from "./operations.ts";
import { dataOf, type Entry, type Plan, reversed } from "./plan.ts";
import { conflictRefusal } from "./refusal.ts";
import { restoredRows } from "./restored-rows.ts";
import { editsOf, keep, requireEntries, type Watched, watchedOf } from "./trees.ts";
import { standings } from "./write-files.ts";

/** How long an act can be undone, in ms: as long as what it needs is kept (W-3: 7 days). */
export const UNDO_MS = 7 * 24 * 3_600_000;
/** Newest undos that are looked through for one of the same act. */
const UNDO_LOOK = 1_000;

export type Undoable = { operation: Operation; plan: Plan; decision: Decision };

/** The act that is to be undone. Rejects NOT_FOUND, and CONFLICT when it did nothing, is undone or too long ago. */
export async function requireUndoable(
  { store, clock }: ReviewDeps,
  place: Place,
  operationId: OperationId,
): Promise<Undoable> {
  const operation = await store.getOperation(operationId);
  const { id: workspaceId } = place.workspace;
  const { kind } = operation ?? {};
  if (operation?.workspaceId !== workspaceId || (kind !== "apply" && kind !== "accept" && kind !== "reject"))
    throw notFound("apply, accept or reject of this workspace", operationId);
  const { plan } = dataOf(operation);
  if (operation.state !== "done" || plan === undefined)
    throw new HoldfastError("CONFLICT", `${operationId} is ${operation.state}; there is nothing to undo.`);
  if ((operation.time.ended ?? operation.time.created) + UNDO_MS < clock.now())
    throw new HoldfastError(
      "CONFLICT",
      `${operationId} is more than 7 days old; what its undo needs is not kept so long.`,
    );
  const undos = await store.listOperations({ workspaceId, kinds: ["undo"], state: "done", limit: UNDO_LOOK });
  if (undos.some((undo) => dataOf(undo).undoes === operationId))
    throw new HoldfastError("CONFLICT", `${operationId} is undone already.`);
  return { operation, plan, decision: kind === "reject" ? "reject" : "takeOver" };
}

/** Rejects CHANGES_CONFLICT when a file is not what the act made of it, and CONFLICT when something else was decided since. */
export async function prepareUndo(
  deps: ReviewDeps,
  facts: { operation: Operation; place: Place; filesDesk: Desk },
  undoable: Undoable,
): Promise<Prepared> {
  const { operation, place, filesDesk } = facts;
  const { desk, workspace } = place;
  await deps.watch.refresh(workspace.id);
  const watched = await watchedOf(deps, workspace.id);
  const back = reversed(undoable.plan);
  await requireEntries(desk, watched.baseline, back.baseline);
  await requireUntouched(filesDesk, back.files);
  await requireEntries(desk, watched.newest, back.newest);
  const baseline = await moved(desk, watched.baseline, back.baseline);
  const newest = await moved(desk, watched.newest, back.newest);
  const rows = await rowsAfter(deps, desk, watched, undoable, { baseline, newest });
  const time = deps.clock.now();
  const about = { operationId: operation.id, workspaceId: workspace.id, time };
  const row = await keep(filesDesk, about, [], back.files);
  const refs: Plan["refs"] = [];
  const snapshots = [row];
  for (const [name, tree, from] of [
    ["base", baseline, watched.baseline],
    ["snap", newest, watched.newest],
  ] as const) {
    if (tree === from) continue;
    const commit = await desk.commit(tree, [], "holdfast: a tree after an undo");
    const ref = `refs/holdfast/${name}/${workspace.id}/${operation.id}`;
    refs.push({ ref, commit });
    snapshots.push({ ref, workspaceId: workspace.id, commit, tree, time });
  }
  return {
    desk: filesDesk,
    plan: {
      ...back,
      root: filesDesk.root,
      refs,
      keeps: [watched.baseline, watched.newest, ...snapshots.map(({ ref }) => ref)],
      write: {
        workspaceId: workspace.id,
        tracking: { ...watched.tracking, baseline, newest },
        ...rows,
        snapshots,
        notes: [],
      },
      former: [],
      applied: undoable.plan.applied,
    },
  };
}

async function moved(desk: Desk, tree: string, entries: readonly Entry[]): Promise<string> {
  return entries.length === 0 ? tree : desk.editTree(tree, editsOf(entries));
}

async function requireUntouched(desk: Desk, files: Plan["files"]): Promise<void> {
  const all = await standings(desk.checkout, files);
  const others = files.filter(({ key }) => all.get(key) !== "old");
  if (others.length > 0)
    throw await conflictRefusal(
      desk,
      others.map(({ key, old, new: young }) => ({
        key,
        reason: "The file was changed since.",
        base: old?.version,
        theirs: young?.version,
      })),
    );
}

async function rowsAfter(
  deps: ReviewDeps,
  desk: Desk,
  watched: Watched,
  { plan, decision }: Undoable,
  after: { baseline: string; newest: string },
) {
  const keys = new Set([...plan.baseline, ...plan.newest].map(({ key }) => key));
  const isTouched = (one: { key: string; oldKey?: string | undefined }) =>
    keys.has(one.key) || (one.oldKey !== undefined && keys.has(one.oldKey));
  const differences = (await desk.differences(after.baseline, after.newest)).filter(isTouched);
  const hunks = await desk.hunks(
    after.baseline,
    after.newest,
    differences.map(({ key }) => key),
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
