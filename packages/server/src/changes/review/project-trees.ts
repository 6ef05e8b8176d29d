import type { OperationId } from "@holdfast/protocol";
import type { ReviewDeps, Target } from "./deps.ts";
import { type Entry, type Plan, type ReviewWrite, sameVersion } from "./plan.ts";
import { editsOf, movedTree, trackingWith } from "./trees.ts";

/** What else moves when files of a project directory are written: its own trees, by the refs that hold them. */
export type ProjectMove = { others: ReviewWrite["others"]; refs: Plan["refs"]; keeps: string[] };

/**
 * What is merged into a project directory was decided already, so it is nobody's pending change there: its baseline and its newest tree move with the files,
 * where nothing was pending at these paths. Without trees of its own nothing moves.
 */
export async function projectMove(
  { store, clock }: ReviewDeps,
  operationId: OperationId,
  { workspaceId, repo, prefix }: Target,
  written: readonly Entry[],
): Promise<ProjectMove> {
  const nothing = { others: [], refs: [], keeps: [] };
  const tracking = await store.getTracking(workspaceId);
  const { baseline, newest } = tracking;
  const own = written
    .filter(({ key }) => key.startsWith(prefix))
    .map((entry) => ({ ...entry, key: entry.key.slice(prefix.length) }));
  if (baseline === undefined || newest === undefined || own.length === 0) return nothing;
  const keys = own.map(({ key }) => key);
  const [before, now] = [await repo.entries(baseline, keys), await repo.entries(newest, keys)];
  const settled = own.filter(
    ({ key, old }) => sameVersion(before.get(key), old) && sameVersion(now.get(key), old),
  );
  if (settled.length === 0) return nothing;
  const facts = { operationId, workspaceId, time: clock.now() };
  const move = async (name: "base" | "snap", tree: string) =>
    movedTree(repo, facts, name, await repo.editTree(tree, editsOf(settled)));
  const moved = { baseline: await move("base", baseline), newest: await move("snap", newest) };
  const both = Object.values(moved);
  const other = {
    workspaceId,
    tracking: trackingWith(tracking, moved),
    changes: [],
    gone: [],
    snapshots: both.map(({ row }) => row),
  };
  const refs = both.map(({ ref, commit }) => ({ ref, commit }));
  return { others: [other], refs, keeps: [baseline, newest] };
}
