/**
 * One step of a workspace: from its newest snapshot to the one that was just taken (W-4, W-5). Everything that follows is written in one
 * transaction with the step itself, or in bounded pieces whose repetition changes nothing, the step last.
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { isHoldfastError, newId } from "@holdfast/kernel";
import type { Tracking, TurnId } from "@holdfast/protocol";
import {
  type Checkout,
  commitTree,
  diffTrees,
  editTree,
  hunksOf,
  showPath,
  type TreeChange,
  updateRef,
} from "../../git/index.ts";
import type { ChangeWrite, SnapshotRow, StoredChange } from "../../store/index.ts";
import { branchRow, movedWith } from "./branch-moved.ts";
import { type Taken, TRACKER_ACTOR, type TrackerDeps, type WatchedWorkspace } from "./deps.ts";
import { type NextRows, nextRows, outdated, type Stamped } from "./next-rows.ts";
import { type Span, stampOf } from "./stamp.ts";
import { stillUnwatched } from "./unwatched.ts";

/** Paths of one step whose hunks are counted; those beyond are taken or rejected whole. Reading a thousand patches takes about a second. */
export const MAX_COUNTED_PATHS = 1_000;
/** Rows of one transaction (W-4): the writer is busy with them for some tens of milliseconds, and others wait. */
const ROWS_AT_ONCE = 500;
/** How often a step is computed again because somebody wrote rows meanwhile. */
const ATTEMPTS = 3;

export type Step = {
  taken: Taken;
  span: Span;
  /** Turns that are between their snapshots from now on. */
  working: TurnId[];
  /** Belongs to the snapshot's row. */
  turn?: Pick<SnapshotRow, "sessionId" | "turnId">;
  /** When what the step contains began at the earliest, in ms; commits that are older are no work of it. */
  since: number;
};

/** What a step changed, path by path, since the tree `from`. */
export type Advance = { from: string; found: TreeChange[] };

/** Records the step. Rejects with what git and the store say. */
export async function advance(deps: TrackerDeps, opened: WatchedWorkspace, step: Step): Promise<Advance> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptToAdvance(deps, opened, step);
    } catch (error) {
      if (!isHoldfastError(error, "STALE") || attempt === ATTEMPTS) throw error;
    }
  }
}

async function attemptToAdvance(deps: TrackerDeps, opened: WatchedWorkspace, step: Step): Promise<Advance> {
  const { workspace, worktree, watched } = opened;
  const { taken } = step;
  const before = await deps.store.getTracking(workspace.id);
  const baseline = before.baseline ?? worktree?.baseTree ?? taken.tree;
  const newest = before.newest ?? baseline;
  const found = await diffTrees(watched.checkout, newest, taken.tree);
  const moved =
    found.length === 0
      ? { changes: [], gone: [], baseline }
      : await movedRows(deps, opened, { step, before, baseline, newest, found });
  const row: SnapshotRow = { ...step.turn, ...rowOf(taken), workspaceId: workspace.id };
  const isKept = moved.baseline === before.baseline;
  const kept = isKept ? [] : [await keepBaseline(watched.checkout, { ...row, tree: moved.baseline })];
  await record(deps.store, {
    workspaceId: workspace.id,
    changes: moved.changes,
    gone: moved.gone,
    snapshots: [row, ...kept],
    tracking: {
      ...trackingAfter(taken, moved.baseline, step.working),
      repository: watched.checkout.commonDir,
      ...stillUnwatched(before, deps.clock.now()),
    },
    before,
  });
  return { from: newest, found };
}

type Moving = {
  step: Step;
  before: Tracking;
  baseline: string;
  newest: string;
  found: readonly TreeChange[];
};

/** The rows that the step changes, and the baseline after it. */
async function movedRows(
  { store, clock }: TrackerDeps,
  { workspace, worktree, watched: { checkout } }: WatchedWorkspace,
  { step: { taken, span, since }, before, baseline, newest, found }: Moving,
): Promise<NextRows & { baseline: string }> {
  const step = found.map((change) => ({ ...change, origin: stampOf(pathsOf(change), span, workspace) }));
  const rows = await store.listChanges({ workspaceId: workspace.id, states: ["pending", "conflict"] });
  const scene = {
    workspaceId: workspace.id,
    rows: rows.map(({ time: _time, action: _action, staged: _staged, ...each }) => each),
    before: before.commit ?? worktree?.baseCommit ?? taken.commit,
    after: taken.commit,
    now: clock.now(),
    newId: () => newId("chg", clock.now()),
  };
  const { moved, edits, from, to } = await branchMove(checkout, { before, taken, span, since, step });
  const next = await editTree(checkout, baseline, edits);
  const own = step.filter((each) => !moved.has(each.key));
  const told = await rowsAfter(checkout, scene, { baseline: next, newest, tree: taken.tree, step: own });
  const branch =
    moved.size === 0
      ? { changes: [], gone: [] }
      : branchRow({ ...scene, from, to, origin: stampOf([], span, workspace) });
  return {
    changes: [...told.changes, ...branch.changes],
    gone: [...told.gone, ...branch.gone],
    baseline: next,
  };
}

export const rowOf = ({
  ref,
  commit,
  tree,
  time,
}: Taken): Pick<SnapshotRow, "ref" | "commit" | "tree" | "time"> => ({
  ref,
  commit,
  tree,
  time,
});

/** What the refs of a workspace's baselines begin with. */
export const baselineRefs = (workspaceId: string): string => `refs/holdfast/base/${workspaceId}/`;

/** A tree that changes are measured against is kept by a ref of its own. */
async function keepBaseline(checkout: Checkout, row: SnapshotRow): Promise<SnapshotRow> {
  const { workspaceId, tree, time } = row;
  const commit = await commitTree(checkout, tree, "holdfast: what changes are measured against", { time });
  const ref = `${baselineRefs(workspaceId)}${commit.slice(0, 16)}`;
  await updateRef(checkout, ref, commit);
  return { ref, workspaceId, commit, tree, time };
}

export const pathsOf = ({ key, oldKey }: Pick<TreeChange, "key" | "oldKey">): string[] =>
  [key, ...(oldKey === undefined ? [] : [oldKey])].map(showPath);

function trackingAfter(taken: Taken, baseline: string, working: TurnId[]): Tracking {
  const { uncaptured, uncapturedCount, tree, commit, head } = taken;
  return {
    state: "on",
    uncaptured: [...uncaptured],
    uncapturedCount,
    baseline,
    newest: tree,
    commit,
    ...(head === undefined ? {} : { head: head.commit }),
    ...(working.length === 0 ? {} : { working }),
  };
}

type Move = { moved: Set<string>; edits: Parameters<typeof editTree>[2]; from: string; to: string };

/** What moved because HEAD did, to a commit that was there before the step began. */
async function branchMove(
  checkout: Checkout,
  {
    before,
    taken,
    span,
    since,
    step,
  }: { before: Tracking; taken: Taken; span: Span; since: number; step: readonly TreeChange[] },
): Promise<Move> {
  const to = taken.head?.commit;
  const { head: from } = before;
  const none = { moved: new Set<string>(), edits: [], from: from ?? "", to: to ?? "" };
  if (from === undefined || to === undefined || from === to || step.length === 0) return none;
  if (span.kind !== "between" && !(await existedBefore(checkout, to, since))) return none;
  const { moved, edits } = await movedWith(checkout, to, taken.tree, step);
  return { moved: new Set(moved.map(({ key }) => key)), edits, from, to };
}

type Scene = Omit<Parameters<typeof nextRows>[0], "step" | "total" | "hunks">;
type Trees = { baseline: string; newest: string; tree: string; step: readonly Stamped[] };

async function rowsAfter(
  checkout: Checkout,
  scene: Scene,
  { baseline, newest, tree, step }: Trees,
): Promise<NextRows> {
  const total = await diffTrees(checkout, baseline, tree);
  const counted = outdated(scene.rows, total)
    .filter((change) => !change.binary && change.kind !== "mode")
    .slice(0, MAX_COUNTED_PATHS)
    .flatMap(({ key, oldKey }) => (oldKey === undefined ? [key] : [key, oldKey]));
  const [own, all] = await Promise.all([
    baseline === newest ? undefined : hunksOf(checkout, newest, tree, { keys: counted }),
    hunksOf(checkout, baseline, tree, { keys: counted }),
  ]);
  return nextRows({ ...scene, step, total, hunks: { step: own ?? all, total: all } });
}

type Write = Omit<ChangeWrite, "actor"> & { before: Tracking };

/** The step stands in the last piece: a crash before it leaves rows that the same step makes again, and finds as they are. */
async function record(store: Pick<TrackerDeps["store"], "recordChanges">, write: Write): Promise<void> {
  const { before, changes, tracking, gone, snapshots, workspaceId } = write;
  const actor = TRACKER_ACTOR;
  let rest: StoredChange[] = changes;
  while (rest.length > ROWS_AT_ONCE) {
    const piece = rest.slice(0, ROWS_AT_ONCE);
    rest = rest.slice(ROWS_AT_ONCE);
    await store.recordChanges({ workspaceId, tracking: before, changes: piece, gone: [], snapshots, actor });
  }
  await store.recordChanges({ workspaceId, tracking, changes: rest, gone, snapshots, actor });
}

/** An object that is younger than this before a turn may be of the turn: clocks of files are coarse. */
const COARSE_MS = 1_000;

/**
 * Whether a commit was stored before `time`, in ms (W-5). An object that was packed anew since cannot be told from a new one: false then, so that work
 * is rather shown than taken for somebody else's.
 */
async function existedBefore(checkout: Checkout, commit: string, time: number): Promise<boolean> {
  const objects = join(checkout.commonDir, "objects");
  const loose = await modified(join(objects, commit.slice(0, 2), commit.slice(2)));
  if (loose !== undefined) return loose < time - COARSE_MS;
  const packs = (await readdir(join(objects, "pack")).catch(() => [])).filter((name) =>
    name.endsWith(".pack"),
  );
  const times = await Promise.all(packs.map((name) => modified(join(objects, "pack", name))));
  return times.every((each) => each !== undefined && each < time - COARSE_MS);
}

const modified = async (file: string): Promise<number | undefined> =>
  (await stat(file).catch(() => undefined))?.mtimeMs;
