export { createWorktrees, type Worktrees } from "./worktrees.ts";
export type { ProcessFacts } from "./deps.ts";
// What reviews and the watching of files work with: plumbing of git, and snapshots.
export {
  bytesOf,
  checkApply,
  commitTree,
  deleteRefs,
  diffTrees,
  editTree,
  findRepository,
  GitRunner,
  hunksOf,
  isAncestor,
  isGitError,
  keyOf,
  listRefs,
  mergeTrees,
  patchesOf,
  type Place,
  readBlob,
  readEntries,
  readVersions,
  refusalOf,
  showPath,
  sweepWrites,
  type TreeChange,
  type TreeEdit,
  treeOf,
  updateRef,
  writeBlob,
  writeVersion,
} from "./git/index.ts";
export { isSnapshotRefused, type Snapshot, type Snapshots, type Watched } from "./snapshot/index.ts";
