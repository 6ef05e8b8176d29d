/**
 * The trees of a workspace stand in the repository that its directory is in, and that can change: a plain directory becomes a repository, or its
 * repository is thrown away. What can come along does; else changes are counted anew.
 */
import { isHoldfastError } from "@holdfast/kernel";
import type { Tracking } from "@holdfast/protocol";
import { type Place, treeOf } from "../../worktree/index.ts";
import { TRACKER_ACTOR, type TrackerDeps, type WatchedPlace } from "./deps.ts";

/** Sees to it that baseline and newest tree are where the next snapshot goes. */
export async function keepTrees(deps: TrackerDeps, spot: WatchedPlace): Promise<void> {
  const { store, snapshots, logger } = deps;
  const { workspace, watched } = spot;
  const tracking = await store.getTracking(workspace.id);
  if (await hasTrees(watched.place, tracking)) return;
  await snapshots.bringAlong(watched);
  if (await hasTrees(watched.place, tracking)) return;
  logger.warn({ workspaceId: workspace.id }, "the repository that kept the snapshots of a workspace is gone");
  const rows = await store.listChanges({ workspaceId: workspace.id });
  const { working } = tracking;
  await store.recordChanges({
    workspaceId: workspace.id,
    tracking: {
      state: "on",
      uncaptured: [],
      uncapturedCount: 0,
      ...(working === undefined ? {} : { working }),
    },
    changes: [],
    gone: rows.map(({ id }) => ({ changeId: id, state: "rejected" })),
    snapshots: [],
    actor: TRACKER_ACTOR,
  });
}

async function hasTrees(place: Place, { baseline, newest }: Tracking): Promise<boolean> {
  for (const tree of new Set([baseline, newest]))
    if (tree !== undefined && !(await hasTree(place, tree))) return false;
  return true;
}

async function hasTree(place: Place, tree: string): Promise<boolean> {
  try {
    return (await treeOf(place, tree)) === tree;
  } catch (error) {
    if (isHoldfastError(error, "NOT_FOUND")) return false;
    throw error;
  }
}
