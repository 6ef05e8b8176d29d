export { isGitError } from "./git-error.ts";
export { GitRunner } from "./runner.ts";
export { bytesOf, type GitPath, isOwnName, keyOf, showPath } from "./git-path.ts";
export {
  findRepository,
  type Head,
  isSparse,
  namedFromTop,
  type Checkout,
  checkoutOf,
} from "./repository.ts";
export { linesFrom, runGit, siteOf } from "./site.ts";
export { lookAt } from "./look-at.ts";
export { settleIndexLock } from "./index-lock.ts";
export { RepositoryLocks } from "./repository-lock.ts";
export {
  branchTip,
  commitIndex,
  commitOf,
  headOf,
  independent,
  isHeldBy,
  timeOf,
  treeOfCommit,
} from "./history.ts";
export {
  addWorktree,
  checkoutTop,
  dropEntry,
  type Entry,
  isBranchInUse,
  readWorktreeEntries,
  textOfFile,
} from "./linked-worktrees.ts";
export { checkOutTree, listIgnored, stageTree } from "./checkout-files.ts";
export { DURABLE, emptyTree, makeTree, readBlob, treeOf, writeBlob } from "./objects.ts";
export { FETCH_PINNED, UPLOAD_PACK } from "./pinned-config.ts";
export { PLAIN_INDEX, TEMPORARY_INDEX, withTemporaryIndex } from "./temporary-index.ts";
export {
  commitTree,
  deleteBranch,
  deleteRefs,
  headRef,
  isAncestor,
  listRefs,
  readRef,
  setRef,
  updateRef,
} from "./commits.ts";
export { editTree, indexInfo, readEntries, type TreeEdit } from "./edit-tree.ts";
export { diffTrees, type TreeChange } from "./diff-trees.ts";
export { refusalOf } from "./refusal.ts";
export { parsePatch, type PatchHunk } from "./patch-text.ts";
export { hunksOf, patchesOf } from "./patches.ts";
export { mergeTrees } from "./merge-trees.ts";
export { checkApply } from "./check-apply.ts";
export { readVersion, readVersions, skippedVersions, writeRaw } from "./read-version.ts";
export { sweepWrites, UNFINISHED, writeVersion } from "./write-version.ts";
export { smudged } from "./smudge.ts";
export { withoutRequiredFilters } from "./lenient-filters.ts";
