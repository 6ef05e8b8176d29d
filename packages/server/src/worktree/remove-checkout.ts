/**
 * Takes a worktree's directory and git's entry of it away (W-11): renamed into the trash, then git's own removal of that entry only. Each step
 * looks first, so that the whole may be repeated after a crash at any point. The caller holds the repository's lock.
 */
import { rm } from "node:fs/promises";
import { sep } from "node:path";
import { faultPoint, HoldfastError } from "@holdfast/kernel";
import type { Worktree } from "@holdfast/protocol";
import { branchTip, deleteBranch, dropEntry, isBranchInUse, lookAt } from "../git/index.ts";
import { findEntry } from "./condition.ts";
import type { SagaDeps } from "./deps.ts";
import { readLockReason } from "./names.ts";
import { throwAway } from "./trash.ts";

type Removable = Pick<Worktree, "id" | "path" | "repository">;

/** Afterwards nothing is at the path, and git does not know it. `saga` names the fault points. */
export async function removeCheckout(deps: SagaDeps, worktree: Removable, saga: string): Promise<void> {
  if (!worktree.path.startsWith(deps.root + sep))
    throw new HoldfastError(
      "CONFLICT",
      `${worktree.path} is not below the managed root; nothing of it is removed.`,
    );
  if ((await lookAt(worktree.path)) !== undefined) {
    await throwAway(deps.root, worktree.id, worktree.path);
    faultPoint(`worktree.${saga}.thrown`);
  }
  await forgetEntry(deps, worktree);
  faultPoint(`worktree.${saga}.forgotten`);
}

/** Removes git's entry of a worktree whose directory is gone; another one's entry is never touched. */
async function forgetEntry(deps: SagaDeps, worktree: Removable): Promise<void> {
  const entry = await findEntry(worktree);
  if (entry === undefined) return;
  const isOurs = readLockReason(entry.lockReason)?.worktreeId === worktree.id;
  if (entry.path === worktree.path)
    await dropEntry(deps.git, worktree.repository, worktree.path).catch(() => undefined);
  const left = await findEntry(worktree);
  if (left === undefined) return;
  // Half-made entries are beyond git's own removal; one that our lock names is ours alone.
  if (!isOurs || left.admin !== entry.admin || (await lookAt(worktree.path)) !== undefined)
    throw new HoldfastError("CONFLICT", `git keeps its entry of ${worktree.path} (${left.admin}).`);
  await rm(left.admin, { recursive: true, force: true });
}

/**
 * Deletes the worktree's branch when `keeps` says that its tip is held elsewhere (W-2), and no other worktree has it checked out. Answers
 * whether it is gone.
 */
export async function removeBranch(
  deps: SagaDeps,
  worktree: Pick<Worktree, "branch" | "repository">,
  keeps: (tip: string) => Promise<boolean>,
): Promise<boolean> {
  const tip = await branchTip(deps.git, worktree.repository, worktree.branch);
  if (tip === undefined) return true;
  if (!(await keeps(tip)) || (await isBranchInUse(worktree.repository, worktree.branch))) return false;
  await deleteBranch(deps.git, worktree.repository, worktree.branch, tip);
  return true;
}
