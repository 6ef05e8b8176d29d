import type { Uncaptured } from "@holdfast/protocol";
import type { GitPath, Head, Checkout } from "../git/index.ts";

/** Files that one snapshot may add to what the index holds, and their bytes together (W-3). */
export const SNAPSHOT_FILES = 50_000;
export const SNAPSHOT_BYTES = 1024 * 1024 * 1024;
/** A changed file that is larger is left out, in bytes (W-3). */
export const FILE_BYTES = 10 * 1024 * 1024;
/** The same of a whole checkout: such a file is in no rescue, in bytes (W-11: 1 GiB). */
export const WHOLE_FILE_BYTES = 1024 * 1024 * 1024;
export type SnapshotLimits = { files: number; bytes: number; fileBytes: number };

/** Files that are watched, and the repository that keeps their snapshots: the user's, or one of the program's own. */
export type Watched = { workspaceId: string; checkout: Checkout; kind: "repository" | "shadow" };

/** Bytes of a file that a checkout of the snapshot would not bring back as they were. */
export type RawFile = { key: GitPath; blob: string };

/** What stands on the disk. */
export type DiskEntry = {
  key: GitPath;
  /** `directory`: an empty one. `special`: a pipe, a socket, a device. `closed`: a directory that cannot be read. `repository`: one that was not entered. */
  kind: "file" | "link" | "directory" | "special" | "closed" | "repository";
  /** The nearest directory above (or here) that git takes for something of its own. */
  within?: Within;
};

/** `submodule`: an entry of the index; `unfilled`: one without a repository in it; `nested`: a repository that no index names. */
export type Within = { key: GitPath; kind: "submodule" | "unfilled" | "nested" };

/** What stands on the disk and is not in the tree as it stands there. */
export type Unheld = DiskEntry & { reason: Uncaptured["reason"] };

/** `tree` is of what is below the root. */
export type Snapshot = {
  commit: string;
  tree: string;
  /** Where HEAD stood; absent before the first commit and without a repository. */
  head?: Head;
  /** At most `MAX_NAMED_PATHS` of `uncapturedCount`. */
  uncaptured: Uncaptured[];
  uncapturedCount: number;
  raw: RawFile[];
  /** All of it in a whole snapshot, empty directories too; ignored files are left out. Else empty. */
  unheld: Unheld[];
  /** The names that stood there, in short; absent when they moved meanwhile. */
  names?: string;
};

/** The files are beyond what snapshots are made for: tracking is off for the workspace, with this reason (W-3). */
export class SnapshotRefused extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.name = "SnapshotRefused";
    this.reason = reason;
  }
}

export function isSnapshotRefused(value: unknown): value is SnapshotRefused {
  return value instanceof SnapshotRefused;
}
