/** Trees that are laid over a checkout: what a worktree of base `dirty` starts from, and what a rescue held. */
import type { Worktree } from "@holdfast/protocol";
import type { SagaDeps } from "./deps.ts";
import { commitOf, layTree, treeOfCommit } from "./git-acts.ts";
import { startRefOf } from "./names.ts";
import type { Place } from "./place.ts";

/** A snapshot: its commit, which the raw bytes of converted files hang on, and its tree. */
export type Start = { commit: string; tree: string };

/** A snapshot of a project's checkout as it is, files that are not committed included, kept by `ref`. */
export async function takeStart(deps: SagaDeps, place: Place, ref: string): Promise<Start> {
  return takeWhole(deps, place.top, ref);
}

/** A snapshot of a whole checkout. */
export async function takeWhole(deps: SagaDeps, top: string, ref: string): Promise<Start> {
  const watched = await deps.snapshots.watch({ directory: top });
  if ("off" in watched) throw new Error(watched.reason);
  const { commit, tree } = await deps.snapshots.take(watched, ref);
  return { commit, tree };
}

/** What a worktree of base `dirty` started from. */
export async function startAt(deps: SagaDeps, worktree: Worktree): Promise<Start | undefined> {
  const commit = await commitOf(deps.git, worktree.repository, startRefOf(worktree.workspaceId));
  return commit === undefined
    ? undefined
    : { commit, tree: await treeOfCommit(deps.git, worktree.repository, commit) };
}

/** Makes the files those of the snapshot, byte for byte, as changes that are neither committed nor staged. */
export async function layOver(deps: SagaDeps, path: string, start: Start): Promise<void> {
  await layTree(deps.git, path, start.tree);
  await deps.snapshots.restoreRaw(path, start.commit);
}
