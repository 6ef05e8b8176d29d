/**
 * Puts everything that git can hold of a worktree where it outlives it (W-11), before it is removed or archived:
 *
 *   refs/holdfast/rescue/<worktree>/<time>         a snapshot of the files; raw bytes hang on it
 *                                  <time>-head     HEAD's commit
 *                                  <time>-index    what was staged, when that is neither HEAD nor the files
 *                                  <time>-lost     commits that only the reflog or a merge under way knew
 *
 * Ignored files, nested repositories and the insides of submodules are in none of them: the risk report says so beforehand.
 */
import { faultPoint } from "@holdfast/kernel";
import type { Actor, Rescue, Worktree } from "@holdfast/protocol";
import type { SagaDeps } from "./deps.ts";
import {
  branchTip,
  commitIndex,
  commitOf,
  deleteRef,
  headOf,
  independent,
  isHeldBy,
  joinCommits,
  listRefs,
  setRef,
  treeOfCommit,
} from "./git-acts.ts";
import { rescuePrefix, rescueRefOf } from "./names.ts";
import { unheldTips } from "./questions.ts";
import type { Entry } from "./standing.ts";
import { takeWhole } from "./whole.ts";

/** How long a rescue ref is kept, in ms (W-11: 30 days). */
export const RESCUE_MS = 30 * 24 * 3_600_000;

export type Rescued = Rescue & { tree: string; unsaved: string[] };

/** Makes the refs of a worktree that is whole, and writes them down. Rejects when one could not be made. */
export async function rescueWhole(deps: SagaDeps, worktree: Worktree, actor: Actor): Promise<Rescued> {
  const { git, clock } = deps;
  const { path, repository } = worktree;
  const now = clock.now();
  const ref = rescueRefOf(worktree.id, now);
  const { commit, tree, unsaved } = await takeWhole(deps, worktree.workspaceId, path, ref);
  const head = await headOf(git, path);
  if (head.commit !== undefined) await setRef(git, repository, `${ref}-head`, head.commit);
  const index = await commitIndex(git, path, head.commit, tree);
  if (index !== undefined) await setRef(git, repository, `${ref}-index`, index);
  const lost = await independent(git, path, await unheldTips(git, worktree), head.commit);
  if (lost.length > 0) await setRef(git, repository, `${ref}-lost`, await joinCommits(git, path, tree, lost));
  faultPoint("worktree.rescue.made");
  const isDetached = head.commit !== undefined && head.branch === undefined;
  const rescue: Rescue = {
    ref,
    commit,
    expires: now + RESCUE_MS,
    ...(isDetached ? { headRef: `${ref}-head` } : {}),
  };
  await deps.store.patchWorktree({ worktreeId: worktree.id, patch: { rescue }, actor });
  return { ...rescue, tree, unsaved };
}

/** What is left of one whose directory is gone: its last commit. `undefined` when git does not know that either; an earlier rescue stays. */
export async function rescueMissing(
  deps: SagaDeps,
  worktree: Worktree,
  entry: Entry | undefined,
  actor: Actor,
): Promise<Rescue | undefined> {
  if (worktree.rescue !== undefined) return worktree.rescue;
  const { git, clock, store } = deps;
  const detached = /^[0-9a-f]{40,64}$/.exec(entry?.head ?? "")?.[0];
  const commit =
    detached === undefined
      ? await branchTip(git, worktree.repository, worktree.branch)
      : await commitOf(git, worktree.repository, detached);
  if (commit === undefined) return undefined;
  const now = clock.now();
  const ref = rescueRefOf(worktree.id, now);
  await setRef(git, worktree.repository, ref, commit);
  const rescue: Rescue = { ref, commit, expires: now + RESCUE_MS };
  await store.patchWorktree({ worktreeId: worktree.id, patch: { rescue }, actor });
  return rescue;
}

/** Whether the newest rescue of a worktree holds its files as they are now; makes it when not. */
export async function keepRescued(
  deps: SagaDeps,
  worktree: Worktree,
  actor: Actor,
): Promise<{ made: boolean }> {
  const { git, clock } = deps;
  const known = worktree.rescue;
  if (known !== undefined) {
    const check = `${rescueRefOf(worktree.id, clock.now())}-check`;
    const now = await takeWhole(deps, worktree.workspaceId, worktree.path, check);
    await deleteRef(git, worktree.repository, check);
    const [then, head] = await Promise.all([
      treeOfCommit(git, worktree.repository, known.commit).catch(() => undefined),
      headOf(git, worktree.path),
    ]);
    const isHeld =
      head.commit === undefined ||
      (await isHeldBy(git, worktree.repository, head.commit, rescuePrefix(worktree.id)));
    if (now.tree === then && isHeld) return { made: false };
  }
  await rescueWhole(deps, worktree, actor);
  return { made: true };
}

/** Deletes what a worktree's rescues left in the repository, once their time is over. */
export async function dropRescues(deps: SagaDeps, worktree: Worktree, actor: Actor): Promise<void> {
  const { git, store } = deps;
  for (const ref of await listRefs(git, worktree.repository, rescuePrefix(worktree.id)))
    await deleteRef(git, worktree.repository, ref);
  await store.patchWorktree({ worktreeId: worktree.id, patch: { rescue: null }, actor });
}
