/**
 * Puts everything that git can hold of a worktree where it outlives it (W-11), before it is removed or archived:
 *
 *   refs/holdfast/rescue/<worktree>/<time>         a snapshot of the files; raw bytes hang on it
 *                                  <time>-head     HEAD's commit; without one, where a restore begins
 *                                  <time>-index    what was staged, when that is neither HEAD nor the files
 *                                  <time>-lost     commits that only the reflog or a merge under way knew
 *                                  <time>-beside   what git cannot hold in a tree (`beside/`)
 *
 * Ignored files are in none of them, nor what nothing can hold: the risk report says so beforehand.
 */
import { faultPoint } from "@holdfast/kernel";
import type { Actor, Rescue, Worktree } from "@holdfast/protocol";
import {
  branchTip,
  commitIndex,
  commitOf,
  commitTree,
  deleteRefs,
  type Entry,
  type GitRunner,
  headOf,
  independent,
  isHeldBy,
  listRefs,
  setRef,
  showPath,
  siteOf,
  timeOf,
  treeOfCommit,
} from "../git/index.ts";
import { Beside, packBeside, type Parcel, parcelOf } from "./beside/index.ts";
import type { SagaDeps } from "./deps.ts";
import { rescuePrefix, rescueRefOf } from "./names.ts";
import { unheldTips } from "./unheld-commits.ts";
import { takeWhole, type Whole } from "./whole.ts";

/** How long a rescue ref is kept, in ms (W-11: 30 days). */
export const RESCUE_MS = 30 * 24 * 3_600_000;

/** Files as they stand in a worktree: the tree, and what is beside it. */
type Held = Whole & { parcel: Parcel };

export type Rescued = Rescue & Pick<Held, "tree" | "parcel">;

/** Makes the refs of a worktree that is whole, and writes them down. Rejects when one could not be made. */
export async function rescueWhole(deps: SagaDeps, worktree: Worktree, actor: Actor): Promise<Rescued> {
  const { git, clock } = deps;
  const { path, repository } = worktree;
  const now = clock.now();
  const ref = rescueRefOf(worktree.id, now);
  const { commit, tree, checkout, parcel } = await hold(deps, worktree, ref);
  faultPoint("worktree.rescue.taken");
  const head = await headOf(git, path);
  await setRef(git, repository, `${ref}-head`, head.commit ?? (await standIn(git, worktree)) ?? commit);
  const index = await commitIndex(git, path, head.commit, tree);
  if (index !== undefined) await setRef(git, repository, `${ref}-index`, index);
  const lost = await independent(git, path, await unheldTips(git, worktree), head.commit);
  if (lost.length > 0) {
    const said = "Commits that only the reflog of a worktree knew";
    const joined = await commitTree(await siteOf(git, path), tree, said, { parents: lost });
    await setRef(git, repository, `${ref}-lost`, joined);
  }
  if (parcel.entries.length > 0) {
    const packed = await packBeside(checkout, parcel);
    faultPoint("worktree.rescue.packed");
    await setRef(git, repository, besideRefOf({ ref }), packed);
  }
  faultPoint("worktree.rescue.made");
  const isDetached = head.commit !== undefined && head.branch === undefined;
  const rescue: Rescue = {
    ref,
    commit,
    expires: now + RESCUE_MS,
    ...(isDetached ? { headRef: `${ref}-head` } : {}),
    ...(parcel.entries.length > 0 ? { besides: parcel.entries.length } : {}),
  };
  await deps.store.patchWorktree({ worktreeId: worktree.id, patch: { rescue }, actor });
  return { ...rescue, tree, parcel };
}

/** A commit of the worktree's, where HEAD has none. */
async function standIn(
  git: GitRunner,
  { repository, branch, baseCommit }: Worktree,
): Promise<string | undefined> {
  return (await branchTip(git, repository, branch)) ?? commitOf(git, repository, baseCommit);
}

/** The ref of what a rescue took beside its tree. */
export const besideRefOf = ({ ref }: Pick<Rescue, "ref">): string => `${ref}-beside`;

async function hold(deps: SagaDeps, { workspaceId, path }: Worktree, ref: string): Promise<Held> {
  const whole = await takeWhole(deps, workspaceId, path, ref);
  return { ...whole, parcel: await parcelOf(whole.checkout.root, whole.checkout.gitDir, whole.unheld) };
}

/** The files as they are now, without keeping anything. */
export async function look(deps: SagaDeps, worktree: Worktree): Promise<Held> {
  const check = `${rescueRefOf(worktree.id, deps.clock.now())}-check`;
  const held = await hold(deps, worktree, check);
  await deleteRefs(await siteOf(deps.git, worktree.repository), [check]);
  return held;
}

/** What no rescue holds, for people; at most so many. */
export const namesOfUnsaved = ({ unsaved }: Parcel, most: number): string[] =>
  unsaved.slice(0, most).map(showPath);

/**
 * What is left of one whose directory is gone: its last commit, and over it the files as the newest snapshot of a turn has them, unless something was
 * committed since; then that snapshot is only held. `undefined` when git knows neither; an earlier rescue stays, unless a turn worked after it.
 */
export async function rescueMissing(
  deps: SagaDeps,
  worktree: Worktree,
  entry: Entry | undefined,
  actor: Actor,
): Promise<Rescue | undefined> {
  const { git, clock, store } = deps;
  const { repository } = worktree;
  const newest = await newestSnapshot(deps, worktree);
  const known = worktree.rescue;
  if (known !== undefined && !(newest !== undefined && newest.time > known.expires - RESCUE_MS)) return known;
  const detached = /^[0-9a-f]{40,64}$/.exec(entry?.head ?? "")?.[0];
  const head =
    detached === undefined
      ? await branchTip(git, repository, worktree.branch)
      : await commitOf(git, repository, detached);
  const under = head ?? newest?.head;
  if (under === undefined) return undefined;
  const now = clock.now();
  const ref = rescueRefOf(worktree.id, now);
  const isOver = newest?.head === under;
  const commit = isOver ? newest.commit : under;
  await setRef(git, repository, ref, commit);
  if (isOver) await setRef(git, repository, `${ref}-head`, under);
  else if (newest !== undefined) await setRef(git, repository, `${ref}-lost`, newest.commit);
  const headRef = isOver && detached !== undefined ? { headRef: `${ref}-head` } : {};
  const rescue: Rescue = { ref, commit, expires: now + RESCUE_MS, ...headRef };
  await store.patchWorktree({ worktreeId: worktree.id, patch: { rescue }, actor });
  return rescue;
}

/** The row of a worktree whose directory is gone, once what its turns left is held for as long as a rescue is (W-11, W-13). */
export async function rescueTurns(
  deps: SagaDeps,
  worktree: Worktree,
  entry: Entry | undefined,
  actor: Actor,
): Promise<Worktree> {
  if ((await newestSnapshot(deps, worktree)) === undefined) return worktree;
  const rescue = await rescueMissing(deps, worktree, entry, actor);
  return rescue === undefined ? worktree : { ...worktree, rescue };
}

/** The newest snapshot of the turns, with the commit that HEAD was at, and when it was taken (to the second). */
async function newestSnapshot(
  { git, store }: SagaDeps,
  { workspaceId, repository }: Worktree,
): Promise<{ commit: string; head: string; time: number } | undefined> {
  const tracking = await store.getTracking(workspaceId);
  if (tracking.commit === undefined || tracking.head === undefined) return undefined;
  const [commit, head] = await Promise.all(
    [tracking.commit, tracking.head].map((name) => commitOf(git, repository, name)),
  );
  if (commit === undefined || head === undefined) return undefined;
  return { commit, head, time: await timeOf(git, repository, commit) };
}

/** Whether the newest rescue of a worktree holds its files as they are now; makes it when not. */
export async function keepRescued(
  deps: SagaDeps,
  worktree: Worktree,
  actor: Actor,
): Promise<{ made: boolean }> {
  const { git } = deps;
  const known = worktree.rescue;
  if (known !== undefined) {
    const now = await look(deps, worktree);
    const [then, beside, head] = await Promise.all([
      treeOfCommit(git, worktree.repository, known.commit).catch(() => undefined),
      commitOf(git, worktree.repository, besideRefOf(known)),
      headOf(git, worktree.path),
    ]);
    const { entries, sign } = now.parcel;
    const isBesideHeld =
      beside === undefined
        ? entries.length === 0
        : (await Beside.open(now.checkout, beside).catch(() => undefined))?.sign === sign;
    const isHeld =
      head.commit === undefined ||
      (await isHeldBy(git, worktree.repository, head.commit, rescuePrefix(worktree.id)));
    if (now.tree === then && isHeld && isBesideHeld) return { made: false };
  }
  await rescueWhole(deps, worktree, actor);
  return { made: true };
}

/** Deletes what a worktree's rescues left in the repository, once their time is over. */
export async function dropRescues(deps: SagaDeps, worktree: Worktree, actor: Actor): Promise<void> {
  const { git, store } = deps;
  const repository = await siteOf(git, worktree.repository);
  const refs = await listRefs(repository, rescuePrefix(worktree.id));
  await deleteRefs(
    repository,
    refs.map(({ ref }) => ref),
  );
  await store.patchWorktree({ worktreeId: worktree.id, patch: { rescue: null }, actor });
}
