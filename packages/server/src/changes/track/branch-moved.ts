/** Paths that moved with the branch: they are nobody's work, so the baseline goes along and one row says that it did (W-5). */
import type { ChangeId, FileVersion, Origin, WorkspaceId } from "@holdfast/protocol";
import { diffTrees, type Checkout, type TreeChange, type TreeEdit, treeOf } from "../../git/index.ts";
import type { StoredChange } from "../../store/index.ts";
import { BRANCH_KEY, type NextRows } from "./next-rows.ts";

/** How git writes the mode of an entry that is a commit. */
const COMMIT_MODE = "160000";

/** The paths of a step that are now as `head` has them, with all that makes them so. */
export async function movedWith(
  checkout: Checkout,
  head: string,
  tree: string,
  step: readonly TreeChange[],
): Promise<{ moved: TreeChange[]; edits: TreeEdit[] }> {
  // A subdirectory that the commit does not have is an empty one.
  const headTree = await treeOf(
    checkout,
    checkout.prefix === "" ? head : `${head}:${checkout.prefix.slice(0, -1)}`,
  ).catch(() => undefined);
  if (headTree === undefined) return { moved: [], edits: [] };
  const own = await diffTrees(checkout, headTree, tree, { renames: false });
  const differs = new Set(own.map(({ key }) => key));
  const moved = step.filter(
    ({ key, oldKey }) => !differs.has(key) && (oldKey === undefined || !differs.has(oldKey)),
  );
  const edits = moved.flatMap(({ key, oldKey, after = null }): TreeEdit[] => [
    ...(oldKey === undefined ? [] : [{ key: oldKey, version: null }]),
    { key, version: after },
  ]);
  return { moved, edits };
}

export type BranchMove = {
  workspaceId: WorkspaceId;
  rows: readonly StoredChange[];
  from: string;
  to: string;
  origin: Origin;
  before: string;
  after: string;
  now: number;
  newId(): ChangeId;
};

/** The one row that says where the branch came from and went; it goes when the branch is back. */
export function branchRow(move: BranchMove): NextRows {
  const known = move.rows.find(({ key }) => key === BRANCH_KEY);
  const before = known?.before ?? commitVersion(move.from);
  if (before.blob === move.to)
    return { changes: [], gone: known === undefined ? [] : [{ changeId: known.id, state: "applied" }] };
  const contribution = {
    ...move.origin,
    before: move.before,
    after: move.after,
    hunks: [],
    time: move.now,
  };
  const row: StoredChange = {
    id: known?.id ?? move.newId(),
    workspaceId: move.workspaceId,
    key: BRANCH_KEY,
    path: "HEAD",
    kind: "branchMoved",
    revision: (known?.revision ?? 0) + 1,
    state: "pending",
    ...move.origin,
    contributions: [contribution],
    hunks: [],
    before,
    after: commitVersion(move.to),
    binary: false,
    additions: 0,
    deletions: 0,
  };
  return { changes: [row], gone: [] };
}

const commitVersion = (commit: string): FileVersion => ({ blob: commit, mode: COMMIT_MODE });
