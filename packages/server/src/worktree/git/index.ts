export { isGitError } from "./git-error.ts";
export { type GitOptions, GitRunner, type GitWhere } from "./runner.ts";
export { bytesOf, type GitPath, isOwnName, keyOf, showPath } from "./git-path.ts";
export {
  findRepository,
  type Head,
  isSparse,
  namedFromTop,
  type Place,
  placeOf,
  runGit,
} from "./repository.ts";
export { DURABLE, emptyTree, makeTree, readBlob, treeOf, writeBlob } from "./objects.ts";
export { FETCH_PINNED, UPLOAD_PACK } from "./pinned-config.ts";
export { PLAIN_INDEX, TEMPORARY_INDEX, withTemporaryIndex } from "./temporary-index.ts";
export {
  AUTHOR,
  commitTree,
  deleteRefs,
  isAncestor,
  listRefs,
  readRef,
  REF_CONFIG,
  syncRef,
  updateRef,
} from "./commits.ts";
export { editTree, indexInfo, readEntries, type TreeEdit } from "./edit-tree.ts";
export { diffTrees, type TreeChange } from "./diff-trees.ts";
export { refusalOf } from "./refusal.ts";
export { parsePatch } from "./patch-text.ts";
export { hunksOf, patchesOf } from "./patches.ts";
export { mergeTrees } from "./merge-trees.ts";
export { checkApply } from "./check-apply.ts";
export { readVersion, readVersions, skippedVersions, writeRaw } from "./read-version.ts";
export { sweepWrites, UNFINISHED, writeVersion } from "./write-version.ts";
export { smudged } from "./smudge.ts";
export { withoutRequiredFilters } from "./lenient-filters.ts";
