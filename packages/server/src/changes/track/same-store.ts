/**
 * The trees of a workspace stand in the repository that its directory is in, and that can change: a plain directory becomes a repository, or its
 * repository is replaced by another one. What can come along does; else changes are counted anew. A repository that is only not to be seen (an
 * unmounted disk, a `.git` that somebody moved) takes no changes with it: they wait for it.
 */
import { isHoldfastError } from "@holdfast/kernel";
import type { Tracking } from "@holdfast/protocol";
import { listRefs, type Checkout, treeOf } from "../../git/index.ts";
import type { Watched } from "../../snapshot/index.ts";
import { baselineRefs } from "./advance.ts";
import { TRACKER_ACTOR, type TrackerDeps, type WatchedWorkspace } from "./deps.ts";
import { stillUnwatched } from "./unwatched.ts";

/** Sees to it that baseline and newest tree are where the next snapshot goes. Answers why that cannot be now. */
export async function keepTrees(deps: TrackerDeps, opened: WatchedWorkspace): Promise<string | undefined> {
  const { store, snapshots, clock, logger } = deps;
  const { workspace, watched } = opened;
  const tracking = await store.getTracking(workspace.id);
  if (await hasTrees(watched.checkout, tracking)) return undefined;
  // Before others' refs come along.
  const isGone = await isReplaced(watched, tracking);
  await snapshots.bringAlong(watched);
  if (await hasTrees(watched.checkout, tracking)) return undefined;
  const rows = await store.listChanges({ workspaceId: workspace.id });
  if (rows.length > 0 && !isGone) return awayOf(tracking);
  logger.warn({ workspaceId: workspace.id }, "the repository that kept the snapshots of a workspace is gone");
  const { working } = tracking;
  await store.recordChanges({
    workspaceId: workspace.id,
    tracking: {
      state: "on",
      uncaptured: [],
      uncapturedCount: 0,
      ...(working === undefined ? {} : { working }),
      ...stillUnwatched(tracking, clock.now()),
    },
    changes: [],
    gone: rows.map(({ id }) => ({ changeId: id, state: "rejected" })),
    snapshots: [],
    actor: TRACKER_ACTOR,
  });
  return undefined;
}

function awayOf({ repository }: Tracking): string {
  const which = repository === undefined ? "" : ` (${repository})`;
  return `The repository that keeps the snapshots of this directory${which} is not there, or damaged. Pending changes wait for it; git init in its place begins anew.`;
}

/** Whether the trees are gone for good: the repository in the former one's place never had any, or the former one lives on without this directory. */
async function isReplaced({ checkout, kind, workspaceId }: Watched, tracking: Tracking): Promise<boolean> {
  const { repository } = tracking;
  if (repository !== undefined && repository !== checkout.commonDir)
    return hasTrees({ ...checkout, gitDir: repository, commonDir: repository }, tracking);
  if (repository === undefined && kind === "shadow") return false;
  return (await listRefs(checkout, baselineRefs(workspaceId))).length === 0;
}

async function hasTrees(checkout: Checkout, { baseline, newest }: Tracking): Promise<boolean> {
  for (const tree of new Set([baseline, newest]))
    if (tree !== undefined && !(await hasTree(checkout, tree))) return false;
  return true;
}

async function hasTree(checkout: Checkout, tree: string): Promise<boolean> {
  try {
    return (await treeOf(checkout, tree)) === tree;
  } catch (error) {
    if (isHoldfastError(error, "NOT_FOUND")) return false;
    throw error;
  }
}
