/**
 * Puts everything that git can hold of a worktree where it outlives it (W-11), before it is removed or archived:
 *
 *   refs/holdfast/rescue/<worktree>/<time>         a snapshot of the files, parented on HEAD; raw bytes hang on it
 *                                  <time>-head     HEAD, when it is on no branch
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
  joinCommits,
  listRefs,
  setRef,
  treeOfCommit,
} from "./git-acts.ts";
import { rescuePrefix, rescueRefOf } from "./names.ts";
import { unheldTips } from "./questions.ts";
import type { Entry } from "./standing.ts";
import { takeWhole } from "./start.ts";

/** How long a rescue ref is kept, in ms (W-11: 30 days). */
export const RESCUE_MS = 30 * 24 * 3_600_000;

export type Rescued = Rescue & { tree: string };

/** Makes the refs of a worktree that is whole, and writes them down. Rejects when anything of it could not be held. */
export async function rescueWhole(deps: SagaDeps, worktree: Worktree, actor: Actor): Promise<Rescued> {
  const { git, clock } = deps;
  const now = clock.now();
  const ref = rescueRefOf(worktree.id, now);
  const { commit, tree } = await takeWhole(deps, worktree.path, ref);
  const head = await headOf(git, worktree.path);
  const headRef = head.commit !== undefined && head.branch === undefined ? `${ref}-head` : undefined;
  if (headRef !== undefined && head.commit !== undefined)
    await setRef(git, worktree.repository, headRef, head.commit);
  const index = await commitIndex(git, worktree.path, head.commit, tree);
  if (index !== undefined) await setRef(git, worktree.repository, `${ref}-index`, index);
  const lost = await independent(git, worktree.path, await unheldTips(git, worktree), commit);
  if (lost.length > 0)
    await setRef(git, worktree.repository, `${ref}-lost`, await joinCommits(git, worktree.path, tree, lost));
  faultPoint("worktree.rescue.made");
  const rescue: Rescue = {
    ref,
    commit,
    expires: now + RESCUE_MS,
    ...(headRef === undefined ? {} : { headRef }),
  };
  await deps.store.patchWorktree({ worktreeId: worktree.id, patch: { rescue }, actor });
  return { ...rescue, tree };
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
    const [now, then, head] = await Promise.all([
      takeWhole(deps, worktree.path, check),
      treeOfCommit(git, worktree.repository, known.commit).catch(() => undefined),
      headOf(git, worktree.path),
    ]);
    await deleteRef(git, worktree.repository, check);
    const isHeld =
      head.commit === undefined ||
      (await independent(git, worktree.path, [head.commit], known.commit)).length === 0;
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
