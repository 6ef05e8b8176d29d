import { HoldfastError } from "@holdfast/kernel";
import type { OperationId, Tracking, WorkspaceId } from "@holdfast/protocol";
import { showPath } from "../../git/index.ts";
import type { SnapshotRow, StoredChange } from "../../store/index.ts";
import { refsOf } from "./carry-out.ts";
import type { ReviewDeps } from "./deps.ts";
import { type Entry, type PlannedFile, sameVersion } from "./plan.ts";
import { conflictRefusal } from "./refusal.ts";
import type { ReviewRepository, MergeConflict } from "./review-repository.ts";

/** A workspace that has been watched: pending changes are between these two trees. */
export type Watched = { tracking: Tracking; baseline: string; newest: string; rows: StoredChange[] };

const PENDING = ["pending", "conflict"] as const;

/** What is known of a workspace now. Rejects UNPROCESSABLE before its first snapshot. */
export async function watchedOf({ store }: ReviewDeps, workspaceId: WorkspaceId): Promise<Watched> {
  const tracking = await store.getTracking(workspaceId);
  const { baseline, newest } = tracking;
  if (baseline === undefined || newest === undefined)
    throw new HoldfastError(
      "UNPROCESSABLE",
      `Nothing is known of the changes in workspace ${workspaceId}${tracking.reason === undefined ? "" : `: ${tracking.reason}`}.`,
    );
  const views = await store.listChanges({ workspaceId, states: PENDING });
  const rows = views.map(({ time: _time, action: _action, staged: _staged, ...row }) => row);
  return { tracking, baseline, newest, rows };
}

/** Makes sure that a tree has what a plan believes. Rejects CONFLICT: something else was decided about these paths since. */
export async function requireEntries(
  repo: ReviewRepository,
  tree: string,
  entries: readonly Entry[],
): Promise<void> {
  const there = await repo.entries(
    tree,
    entries.map(({ key }) => key),
  );
  const other = entries.filter(({ key, old }) => !sameVersion(there.get(key), old));
  if (other.length > 0)
    throw new HoldfastError(
      "CONFLICT",
      "Something else was decided about these paths since. Undo that first.",
      { data: { paths: other.map(({ key }) => showPath(key)) } },
    );
}

export const editsOf = (entries: readonly Entry[]) =>
  entries.map(({ key, new: version }) => ({ key, version }));

/**
 * The files of a plan as they are now. Rejects CHANGES_CONFLICT with every path that does not hold what the tree says: changed since, or a file that git ignores
 * is there. What a sparse checkout leaves off the disk is no file before, and comes as one. What only the writing shows, such as a directory in the way, stops
 * it there.
 */
export async function plannedFiles(
  repo: ReviewRepository,
  entries: readonly Entry[],
): Promise<PlannedFile[]> {
  const files: PlannedFile[] = [];
  const conflicts: MergeConflict[] = [];
  const there = await repo.checkout.read(entries.map(({ key }) => key));
  const missing = entries.filter(({ key, old }) => old !== null && !there.has(key));
  const skipped = await repo.skipped(missing.map(({ key }) => key));
  for (const { key, old, new: next } of entries) {
    const found = there.get(key);
    const hidden = found === undefined ? skipped.get(key) : undefined;
    const isHidden = hidden !== undefined && sameVersion(hidden, old);
    const isWritable = next?.mode !== "160000" && !(isHidden && next === null);
    if (isWritable && (isHidden || sameVersion(found?.version, old)))
      files.push({
        key,
        old: found ?? null,
        new: next === null ? null : { version: next },
        ...(isHidden ? { hidden } : {}),
      });
    else
      conflicts.push({
        key,
        reason: reasonOf(old, next, isHidden),
        base: old ?? undefined,
        ours: found?.version,
        theirs: next ?? undefined,
      });
  }
  if (conflicts.length > 0) throw await conflictRefusal(repo, conflicts);
  return files;
}

function reasonOf(old: Entry["old"], next: Entry["new"], isHidden: boolean): string {
  if (next?.mode === "160000") return "A nested repository cannot be written.";
  if (isHidden)
    return "It is outside of the sparse checkout, where no file is to be deleted. Take it in first (git sparse-checkout add).";
  return old === null
    ? "A file that git does not know is in the way."
    : "The file is not what it was when it was reviewed.";
}

/** Files that go back to what a sparse checkout leaves off the disk are not written there again. */
export async function withoutHidden(
  repo: ReviewRepository,
  files: readonly PlannedFile[],
): Promise<PlannedFile[]> {
  if (!(await repo.isSparse())) return [...files];
  const skipped = await repo.skipped(files.map(({ key }) => key));
  return files.map((file) => {
    const hidden = skipped.get(file.key);
    const goesBack = hidden !== undefined && file.new !== null && sameVersion(hidden, file.new.version);
    return goesBack && file.old !== null ? { ...file, new: null, hidden } : file;
  });
}

/** What was off the disk before an act goes off it again, unless git expects a file there by now. */
export async function withoutDeleted(
  repo: ReviewRepository,
  files: readonly PlannedFile[],
): Promise<PlannedFile[]> {
  const going = files.filter((file) => file.hidden !== undefined && file.new === null);
  const skipped = await repo.skipped(going.map(({ key }) => key));
  return files.map(({ hidden, ...file }) =>
    hidden !== undefined && file.new === null && !skipped.has(file.key)
      ? { ...file, new: { version: hidden } }
      : { ...file, ...(hidden === undefined ? {} : { hidden }) },
  );
}

/** A tree that a review moved, with the ref that will hold it and the row of that ref. */
export type MovedTree = { tree: string; commit: string; ref: string; row: SnapshotRow };

/** What is known of a workspace once its trees have moved. */
export function trackingWith(
  tracking: Tracking,
  { baseline, newest }: { baseline?: MovedTree | undefined; newest?: MovedTree | undefined },
): Tracking {
  return {
    ...tracking,
    ...(baseline === undefined ? {} : { baseline: baseline.tree }),
    ...(newest === undefined ? {} : { newest: newest.tree, commit: newest.commit }),
  };
}

/** Stores what a tree of a workspace becomes; its ref is made by the plan (W-9). `base`: the baseline, `snap`: the newest tree. */
export async function movedTree(
  repo: ReviewRepository,
  facts: { operationId: OperationId; workspaceId: WorkspaceId; time: number },
  name: "base" | "snap",
  tree: string,
): Promise<MovedTree> {
  const { workspaceId, operationId, time } = facts;
  const commit = await repo.commit(tree, [], `holdfast: ${name} tree of ${workspaceId}`);
  const ref = `refs/holdfast/${name}/${workspaceId}/${operationId}`;
  return { tree, commit, ref, row: { ref, workspaceId, commit, tree, time } };
}

/** Keeps blobs and trees that an operation needs for its recovery and its undo, under a ref of its own; answers the row of that ref. */
export async function keep(
  repo: ReviewRepository,
  facts: { operationId: OperationId; workspaceId: WorkspaceId; time: number },
  trees: readonly string[],
  files: readonly PlannedFile[],
): Promise<SnapshotRow> {
  const raws = new Set(
    files.flatMap(({ old }) => (old === null || old.raw === old.version.blob ? [] : [old.raw])),
  );
  const edits = [...raws].map((blob, at) => ({ key: `raw/${at}`, version: { blob, mode: "100644" } }));
  const tree = await repo.editTree(undefined, edits);
  const parents: string[] = [];
  for (const one of trees) parents.push(await repo.commit(one, [], "holdfast: a tree of a review"));
  const commit = await repo.commit(tree, parents, "holdfast: what a review needs");
  const ref = `${refsOf(facts.operationId)}/keep`;
  await repo.setRef(ref, commit);
  return { ref, workspaceId: facts.workspaceId, commit, tree, time: facts.time };
}
