import { access, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type Checkout,
  FETCH_PINNED,
  type GitPath,
  type GitRunner,
  readEntries,
  runGit,
  TEMPORARY_INDEX,
  treeOf,
  UPLOAD_PACK,
  writeVersion,
} from "../git/index.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import type { RawMemory } from "./raw-bytes.ts";
import { shadowOf, sweepShadows } from "./shadow.ts";
import {
  FILE_BYTES,
  type Snapshot,
  SNAPSHOT_BYTES,
  SNAPSHOT_FILES,
  type SnapshotLimits,
  type Unheld,
  type Watched,
  WHOLE_FILE_BYTES,
} from "./snapshot.ts";
import type { Status } from "./status.ts";
import { lookAtCheckout, surveyCheckout, type TakeOptions, takeSnapshot } from "./take.ts";
import { UnchangedFiles } from "./unchanged.ts";
import { WatchMemory } from "./watch-memory.ts";
import { type WatchRequest, watchRoot } from "./watch.ts";

/** Roots whose files are remembered as coming back as they are; the one that was asked for longest ago goes first. */
const REMEMBERED_ROOTS = 32;
const W3_LIMITS: SnapshotLimits = { files: SNAPSHOT_FILES, bytes: SNAPSHOT_BYTES, fileBytes: FILE_BYTES };
const WHOLE_LIMITS: SnapshotLimits = { files: Infinity, bytes: Infinity, fileBytes: WHOLE_FILE_BYTES };

export type SnapshotsDeps = {
  git: GitRunner;
  /** Real path. It is never part of a snapshot, and holds the repositories of directories without git. */
  dataDirectory: string;
  /** The user's home directory, which is refused. */
  home: string;
  /** Default: those of W-3. */
  limits?: Partial<SnapshotLimits>;
};

/** Snapshots of all files below a root (W-3). The user's index, HEAD, stash, reflogs and configuration are never touched. */
export type Snapshots = {
  /** Where snapshots of a root go, or why there are none. Cheap, and to be asked before each: a directory may become a repository meanwhile. */
  watch(request: WatchRequest): Promise<Watched | { off: string }>;
  /**
   * Stores all tracked and untracked files under `ref`, and lists what could not be. Objects and ref are on the disk when it resolves. Several at once are fine.
   * Rejects SnapshotRefused beyond the limits, GitError when git fails; then there is no ref.
   */
  take(watched: Watched, ref: string): Promise<Snapshot>;
  /** The same without the limits of turns, but for files over `WHOLE_FILE_BYTES`; `unheld` is everything that is there and not in the tree as it is there. */
  takeWhole(watched: Watched, ref: string): Promise<Snapshot>;
  /** What git says of a checkout (`status --porcelain=v2 -z`, as Latin-1), and what it does not list. Nothing is stored. Rejects like `take`. */
  survey(watched: Watched): Promise<{ status: Status; unheld: Unheld[] }>;
  /** Where a directory has become a repository since its last snapshot: brings the earlier ones into it. Rejects GitError. */
  bringAlong(watched: Watched): Promise<void>;
  /** What a snapshot left out, and the raw bytes that go with it. */
  manifest(checkout: Checkout, commit: string): Promise<Manifest>;
  /** Writes the raw bytes of a snapshot over the files of a fresh checkout of it. Answers the keys. */
  restoreRaw(checkout: Checkout, commit: string, keys?: ReadonlySet<GitPath>): Promise<GitPath[]>;
  /** Removes what killed runs left in the program's own directories; at start, when nobody else uses them. */
  sweepTemporary(): Promise<void>;
};

export function createSnapshots({ git, dataDirectory, home, limits }: SnapshotsDeps): Snapshots {
  const shadows = join(dataDirectory, "shadow");
  const watchMemory = new WatchMemory();
  const unchanged = new UnchangedFiles();
  const memories = new Map<string, RawMemory>();
  const memoryOf = (root: string): RawMemory => {
    const known = memories.get(root) ?? new Set();
    memories.delete(root);
    memories.set(root, known);
    const [oldest] = memories.keys();
    if (memories.size > REMEMBERED_ROOTS && oldest !== undefined) memories.delete(oldest);
    return known;
  };
  const takeWith = (
    watched: Watched,
    ref: string,
    options: Pick<TakeOptions, "limits" | "onSeen" | "isWhole">,
  ) => takeSnapshot(watched, ref, { memory: memoryOf(watched.checkout.root), dataDirectory, ...options });
  return {
    watch: (request) => watchRoot({ git, home, shadows, memory: watchMemory }, request),
    take: (watched, ref) =>
      unchanged.take(watched, ref, {
        look: (indexFile) => lookAtCheckout(watched.checkout, indexFile, dataDirectory),
        take: (onSeen) =>
          takeWith(watched, ref, { limits: { ...W3_LIMITS, ...limits }, onSeen, isWhole: false }),
      }),
    takeWhole: (watched, ref) =>
      takeWith(watched, ref, { limits: WHOLE_LIMITS, onSeen: () => Promise.resolve(), isWhole: true }),
    survey: (watched) => surveyCheckout(watched, dataDirectory, WHOLE_LIMITS),
    bringAlong: (watched) => bringAlong(watched, shadows),
    manifest: readManifest,
    restoreRaw,
    async sweepTemporary() {
      const names = await readdir(git.temporary).catch(() => []);
      for (const name of names.filter((each) => TEMPORARY_INDEX.test(each)))
        await rm(join(git.temporary, name), { force: true });
      await sweepShadows(shadows);
    },
  };
}

async function restoreRaw(
  checkout: Checkout,
  commit: string,
  keys?: ReadonlySet<GitPath>,
): Promise<GitPath[]> {
  const { raw } = await readManifest(checkout, commit);
  const chosen = raw.filter(({ key }) => keys?.has(key) ?? true);
  const entries = await readEntries(
    checkout,
    await treeOf(checkout, commit),
    chosen.map(({ key }) => key),
  );
  const written: GitPath[] = [];
  for (const { key, blob } of chosen) {
    const version = entries.get(key);
    if (version === undefined) continue;
    await writeVersion(checkout, key, version, blob);
    written.push(key);
  }
  return written;
}

/** Every ref of the program, from one object store to the other. */
const REFS = "+refs/holdfast/*:refs/holdfast/*";

/**
 * Brings the snapshots that a directory had while it was in no repository into the repository that it is in now (W-3). A no-op where there are none.
 * Rejects GitError.
 */
async function bringAlong(watched: Watched, shadows: string): Promise<void> {
  const from = shadowOf(shadows, watched.workspaceId);
  const isThere = await access(from).then(
    () => true,
    () => false,
  );
  if (watched.kind === "shadow" || !isThere) return;
  const quiet = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"];
  await runGit(watched.checkout, ["fetch", ...quiet, `--upload-pack=${UPLOAD_PACK}`, from, REFS], {
    config: FETCH_PINNED,
  });
}
