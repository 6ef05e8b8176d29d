/** Trees that are laid over a checkout: what a worktree of base `dirty` starts from, and what a rescue held. */
import { lstat } from "node:fs/promises";
import { HoldfastError, storageRefusal } from "@holdfast/kernel";
import type { Worktree } from "@holdfast/protocol";
import {
  bytesOf,
  commitOf,
  diffTrees,
  findRepository,
  isGitError,
  isSparse,
  checkOutTree,
  type Checkout,
  checkoutOf,
  treeOfCommit,
  writeVersion,
} from "../git/index.ts";
import type { SagaDeps } from "./deps.ts";
import { startRefOf } from "./names.ts";
import type { SourceCheckout } from "./source-checkout.ts";
import { takeWhole } from "./whole.ts";

/** A snapshot: its commit, which the raw bytes of converted files hang on, and its tree. */
export type Start = { commit: string; tree: string };

/** A snapshot of a project's checkout as it is, files that are not committed included, kept by a ref. Rejects UNPROCESSABLE when it cannot be taken. */
export async function takeStart(deps: SagaDeps, source: SourceCheckout, worktree: Worktree): Promise<Start> {
  const { workspaceId } = worktree;
  try {
    return await takeWhole(deps, workspaceId, source.top, startRefOf(workspaceId));
  } catch (error) {
    if (isGitError(error) || storageRefusal(error) !== undefined) throw error;
    throw new HoldfastError(
      "UNPROCESSABLE",
      `The checkout cannot be taken as it is: ${(error as Error).message}`,
    );
  }
}

/** What a worktree of base `dirty` started from. */
export async function startAt(deps: SagaDeps, worktree: Worktree): Promise<Start | undefined> {
  const commit = await commitOf(deps.git, worktree.repository, startRefOf(worktree.workspaceId));
  return commit === undefined
    ? undefined
    : { commit, tree: await treeOfCommit(deps.git, worktree.repository, commit) };
}

/**
 * Makes the files those of the snapshot, byte for byte, as changes that are neither committed nor staged. What differs from HEAD's commit is laid outside of
 * a sparse checkout too: it is nowhere else.
 */
export async function overlayFiles(
  deps: SagaDeps,
  path: string,
  start: Start,
  config?: readonly string[],
): Promise<void> {
  await checkOutTree(deps.git, path, start.tree, config);
  const repository = await findRepository(deps.git, path);
  if (repository === undefined) return;
  const source = checkoutOf(deps.git, repository, "top");
  if (await isSparse(source)) await layOutside(source, start.tree);
  await deps.snapshots.restoreRaw(source, start.commit);
}

/** After a checkout what is not there was left off the disk. */
async function layOutside(source: Checkout, tree: string): Promise<void> {
  for (const { key, after } of await diffTrees(source, "HEAD^{tree}", tree, { renames: false })) {
    if (after === undefined || after.mode === "160000") continue;
    const path = Buffer.concat([Buffer.from(`${source.root}/`), bytesOf(key)]);
    const isThere = await lstat(path).then(
      () => true,
      () => false,
    );
    if (!isThere) await writeVersion(source, key, after);
  }
}
