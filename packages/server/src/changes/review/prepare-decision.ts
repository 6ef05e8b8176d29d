/** What accept, reject and apply are going to do, worked out from a fresh look at the files (W-7, W-8). Nothing is written here but objects and refs. */
import { faultPoint, HoldfastError } from "@holdfast/kernel";
import type { ApplyChanges, OperationId } from "@holdfast/protocol";
import type { SnapshotMark, SnapshotRow } from "../../store/index.ts";
import type { Prepared } from "./acts.ts";
import { refsOf } from "./carry-out.ts";
import { decide, type Decided } from "./decide.ts";
import type { WorkspaceRepository, ReviewDeps, Target } from "./deps.ts";
import { contributors, type Decision } from "./left-rows.ts";
import { marksOf } from "./marks.ts";
import { type Entry, entryOf, type Plan, type PlannedFile, type ReviewWrite } from "./plan.ts";
import { type ProjectMove, projectMove } from "./project-trees.ts";
import { conflictRefusal } from "./refusal.ts";
import type { ReviewRepository } from "./review-repository.ts";
import { choose, chooseAgain, type Chosen, type SelectionRequest } from "./selection.ts";
import {
  editsOf,
  keep,
  type MovedTree,
  movedTree,
  plannedFiles,
  trackingWith,
  type Watched,
  watchedOf,
  withoutHidden,
} from "./trees.ts";
import { inOrder } from "./write-files.ts";

type Facts = { operation: { id: OperationId }; place: WorkspaceRepository };

/** The choice of a request against files as they are at this moment. Rejects STALE when one of them is not what was reviewed. */
async function chosenNow(
  deps: ReviewDeps,
  place: WorkspaceRepository,
  request: SelectionRequest,
): Promise<{ watched: Watched; chosen: Chosen[] }> {
  const { id } = place.workspace;
  const chosen = choose((await watchedOf(deps, id)).rows, request);
  await deps.watch.refresh(id);
  const watched = await watchedOf(deps, id);
  return { watched, chosen: chooseAgain(watched.rows, chosen) };
}

/** In a project directory: the baseline takes the changes in, and no file is touched. */
export async function prepareAccept(
  deps: ReviewDeps,
  facts: Facts,
  request: SelectionRequest,
): Promise<Prepared> {
  const { repo } = facts.place;
  const { watched, chosen } = await chosenNow(deps, facts.place, request);
  const decided = await decide(repo, watched.rows, chosen, "takeOver");
  const kept = await takenOver(deps, facts, watched, decided);
  return {
    repo,
    plan: planOf(facts, watched, chosen, decided, { decision: "takeOver", repo, files: [], kept }),
  };
}

/** Writes the baseline's hunks back into the workspace (W-6), and leaves a note for every session whose work it undoes. */
export async function prepareReject(
  deps: ReviewDeps,
  facts: Facts,
  request: SelectionRequest,
): Promise<Prepared> {
  const { place } = facts;
  const { repo } = place;
  const { watched, chosen } = await chosenNow(deps, place, request);
  const decided = await decide(repo, watched.rows, chosen, "reject");
  const newest = await repo.editTree(watched.newest, editsOf(decided.entries));
  const files = inOrder(await withoutHidden(repo, await plannedFiles(repo, decided.entries)));
  await requireFit(repo, watched.newest, newest, decided.entries);
  const about = aboutOf(deps, facts);
  const moved = await movedTree(repo, about, "snap", newest);
  const row = await keep(repo, about, [watched.newest], files);
  const kept: Kept = {
    newest: moved,
    snapshots: [row],
    marks: marksOf(chosen, newest, deps.clock.now()),
  };
  return { repo, plan: planOf(facts, watched, chosen, decided, { decision: "reject", repo, files, kept }) };
}

/** From a worktree: merges what was chosen into the user's checkout, beside whatever is uncommitted there (W-8). */
export async function prepareApply(
  deps: ReviewDeps,
  facts: Facts & { target: Target },
  request: ApplyChanges,
): Promise<Prepared> {
  const { operation, place, target } = facts;
  const { repo } = place;
  const { watched, chosen } = await chosenNow(deps, place, request);
  const decided = await decide(repo, watched.rows, chosen, "takeOver");
  if (request.onto !== "current" && !(await target.repo.hasInHead(target.baseCommit)))
    throw new HoldfastError(
      "BASE_DIVERGED",
      "The checkout's HEAD no longer contains the commit that the worktree started from. It can be merged onto the current state nevertheless.",
      { data: { baseCommit: target.baseCommit } },
    );
  const kept = await takenOver(deps, facts, watched, decided);
  const about = aboutOf(deps, facts);
  const ours = await target.repo.snapshot(`${refsOf(operation.id)}/ours`);
  faultPoint("changes.apply.snapshot");
  const theirs = kept.baseline?.tree ?? watched.baseline;
  const { files, merged } = await mergeInto(target.repo, { base: watched.baseline, ours: ours.tree, theirs });
  const row = await keep(target.repo, about, [merged], files);
  faultPoint("changes.apply.merged");
  const oursRow: SnapshotRow = {
    ...row,
    ref: `${refsOf(operation.id)}/ours`,
    commit: ours.commit,
    tree: ours.tree,
  };
  const project = await projectMove(deps, operation.id, target, files.map(entryOf));
  return {
    repo: target.repo,
    plan: planOf(facts, watched, chosen, decided, {
      decision: "takeOver",
      repo: target.repo,
      files,
      kept: { ...kept, snapshots: [row, oursRow], project },
    }),
  };
}

const aboutOf = ({ clock }: ReviewDeps, { operation, place }: Facts) => ({
  operationId: operation.id,
  workspaceId: place.workspace.id,
  time: clock.now(),
});

/** git's own check of a difference against the files as they are. Rejects CHANGES_CONFLICT. */
async function requireFit(
  repo: ReviewRepository,
  from: string,
  to: string,
  entries: readonly Entry[],
): Promise<void> {
  const refusal = await repo.refusal(from, to);
  if (refusal !== undefined)
    throw await conflictRefusal(
      repo,
      entries.map(({ key, old, new: next }) => ({
        key,
        reason: refusal,
        ours: old ?? undefined,
        theirs: next ?? undefined,
      })),
    );
}

/** The dry run: a merge of trees, and git's own check against the files. Rejects CHANGES_CONFLICT; nothing is written in any case. */
async function mergeInto(
  repo: ReviewRepository,
  trees: { base: string; ours: string; theirs: string },
): Promise<{ files: PlannedFile[]; merged: string }> {
  const merged = await repo.merge(trees);
  if ("conflicts" in merged) throw await conflictRefusal(repo, merged.conflicts);
  const entries = await repo.compare(trees.ours, merged.tree);
  const files = inOrder(await plannedFiles(repo, entries));
  const hidden = files.filter((file) => file.hidden !== undefined);
  // What is off the disk comes as a new file.
  const ours = await repo.editTree(
    trees.ours,
    hidden.map(({ key }) => ({ key, version: null })),
  );
  await requireFit(repo, ours, merged.tree, entries);
  return { files, merged: merged.tree };
}

/** Trees of the workspace that move, and rows of the refs that this operation made already. */
type Kept = {
  baseline?: MovedTree;
  newest?: MovedTree;
  snapshots: SnapshotRow[];
  project?: ProjectMove;
  marks?: SnapshotMark[];
};

/** The new baseline: the old one with what was chosen, and nothing else (W-9). */
async function takenOver(deps: ReviewDeps, facts: Facts, watched: Watched, decided: Decided): Promise<Kept> {
  const { repo } = facts.place;
  const tree = await repo.editTree(watched.baseline, editsOf(decided.entries));
  return { baseline: await movedTree(repo, aboutOf(deps, facts), "base", tree), snapshots: [] };
}

function planOf(
  { place }: Facts,
  watched: Watched,
  chosen: readonly Chosen[],
  decided: Decided,
  made: { decision: Decision; repo: ReviewRepository; files: PlannedFile[]; kept: Kept },
): Plan {
  const { decision, repo, files, kept } = made;
  const entriesOf = (wanted: Decision): Entry[] => (decision === wanted ? decided.entries : []);
  const { baseline, newest, snapshots, project, marks = [] } = kept;
  const moved = [baseline, newest].filter((tree) => tree !== undefined);
  return {
    root: repo.root,
    files,
    baseline: entriesOf("takeOver"),
    newest: entriesOf("reject"),
    refs: [...moved.map(({ ref, commit }) => ({ ref, commit })), ...(project?.refs ?? [])],
    keeps: [watched.baseline, watched.newest, ...(project?.keeps ?? []), ...snapshots.map(({ ref }) => ref)],
    write: {
      workspaceId: place.workspace.id,
      tracking: trackingWith(watched.tracking, { baseline, newest }),
      changes: decided.changes,
      gone: decided.gone,
      snapshots: [...snapshots, ...moved.map(({ row }) => row)],
      notes: decision === "reject" ? notesFor(chosen) : [],
      marks,
      others: project?.others ?? [],
    },
    former: chosen.map(({ change, hunks }) => ({ row: change, hunks: hunks === "all" ? "all" : [...hunks] })),
    changeIds: chosen.map(({ change }) => change.id),
    applied: chosen.map(({ change }) => change.path),
  };
}

/** Which paths each session's agent is to hear about, once (W-6). */
function notesFor(chosen: readonly Chosen[]): ReviewWrite["notes"] {
  const paths = new Map<ReviewWrite["notes"][number]["sessionId"], string[]>();
  for (const one of chosen)
    for (const sessionId of contributors(one))
      paths.set(sessionId, [...(paths.get(sessionId) ?? []), one.change.path]);
  return [...paths].map(([sessionId, list]) => ({ sessionId, kind: "rejected", paths: list }));
}
