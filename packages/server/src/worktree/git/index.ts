export { GitError, type GitErrorCode, isGitError } from "./git-error.ts";
export {
  GIT_MS,
  type GitOptions,
  type GitResult,
  GitRunner,
  type GitRunnerDeps,
  type GitWhere,
} from "./runner.ts";
export { argumentOf, bytesOf, type GitPath, keyOf, requireKey, showPath } from "./git-path.ts";
export {
  findRepository,
  type Head,
  namedFromTop,
  type Place,
  placeOf,
  readHead,
  type Repository,
  runGit,
} from "./repository.ts";
export { DURABLE, emptyTree, readBlob, treeOf, writeBlob } from "./objects.ts";
export { PLAIN_INDEX, TEMPORARY_INDEX, withTemporaryIndex } from "./temporary-index.ts";
export {
  AUTHOR,
  type CommitOptions,
  commitTree,
  deleteRefs,
  isAncestor,
  listRefs,
  readRef,
  updateRef,
} from "./commits.ts";
export { editTree, indexInfo, readEntries, type TreeEdit } from "./edit-tree.ts";
export { diffTrees, type TreeChange } from "./diff-trees.ts";
export { type FilePatch, type HunkPlace, parsePatch, type PatchHunk } from "./patch-text.ts";
export { hunksOf, patchesOf, type PatchText, type Selection } from "./patches.ts";
export { type MergeConflict, type Merged, mergeTrees } from "./merge-trees.ts";
export { checkApply } from "./check-apply.ts";
export { type FoundVersion, readVersion, readVersions, writeRaw } from "./read-version.ts";
export { sweepWrites, UNFINISHED, writeVersion } from "./write-version.ts";
export { smudged } from "./smudge.ts";
