/** What this room needs of git and of files, for one place: a worktree, a project directory, or the user's checkout that changes are applied to. */
import type { FileVersion } from "@holdfast/protocol";
import type { Entry } from "./plan.ts";
import type { CheckoutFiles } from "./write-files.ts";

export type TreeEdit = { key: string; version: FileVersion | null };

/** One path that a merge could not decide. */
export type MergeConflict = {
  key: string;
  reason: string;
  base?: FileVersion | undefined;
  ours?: FileVersion | undefined;
  theirs?: FileVersion | undefined;
};

export type Merged = { tree: string } | { conflicts: MergeConflict[] };

/** A path that differs between two trees, as a row needs it. */
export type Difference = {
  key: string;
  oldKey?: string | undefined;
  kind: "added" | "modified" | "deleted" | "renamed" | "mode";
  before?: FileVersion | undefined;
  after?: FileVersion | undefined;
  binary: boolean;
  additions: number;
  deletions: number;
};

export type HunkRange = { oldStart: number; oldLines: number; newStart: number; newLines: number };

/** A unified patch of one path, or none when it is too long; bytes that are not UTF-8 are shown as U+FFFD. */
export type Patch = { text: string | undefined; isTruncated: boolean };

/** Objects and refs of a repository, and the files below a root. Every call has a deadline and rejects what git says. */
export type ReviewRepository = {
  /** Real path of the directory whose files these are. */
  readonly root: string;
  readonly checkout: CheckoutFiles;
  readBlob(blob: string): Promise<Buffer>;
  writeBlob(bytes: Uint8Array): Promise<string>;
  /** A tree with some entries replaced or, for null, taken out. Without `base` it starts empty. */
  editTree(base: string | undefined, edits: readonly TreeEdit[]): Promise<string>;
  entries(tree: string, keys: readonly string[]): Promise<Map<string, FileVersion>>;
  /** Path by path, no renames. */
  compare(from: string, to: string): Promise<Entry[]>;
  /** With renames. */
  differences(from: string, to: string): Promise<Difference[]>;
  hunks(from: string, to: string, keys: readonly string[]): Promise<Map<string, HunkRange[]>>;
  /** By key, as far as the limits in bytes reach. */
  patches(
    from: string,
    to: string,
    keys: readonly string[],
    limits: { each: number; all: number },
  ): Promise<Map<string, Patch>>;
  /** What the index has of those paths that it leaves off the disk: no file there is no deletion. */
  skipped(keys: readonly string[]): Promise<Map<string, FileVersion>>;
  /** Whether the checkout is a sparse one. */
  isSparse(): Promise<boolean>;
  merge(trees: { base: string; ours: string; theirs: string }): Promise<Merged>;
  commit(tree: string, parents: readonly string[], message: string): Promise<string>;
  setRef(ref: string, commit: string): Promise<void>;
  deleteRefs(prefix: string): Promise<void>;
  /** Whether git itself would write this difference to the files as they are; else what it says. */
  refusal(from: string, to: string): Promise<string | undefined>;
  /** Whether HEAD holds the commit. */
  hasInHead(commit: string): Promise<boolean>;
  /** Takes away what killed writes left beside these files. */
  sweep(keys: readonly string[]): Promise<void>;
  /** A snapshot of all files under a ref of its own. Rejects UNPROCESSABLE when there can be none (W-3). */
  snapshot(ref: string): Promise<{ commit: string; tree: string }>;
};
