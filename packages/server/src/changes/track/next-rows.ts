/**
 * The rows of a workspace after its files moved (W-4). Pure.
 *
 *   rows (baseline → before) + step (before → after, stamped) + total (baseline → after)  ─►  rows that are new or differ, rows that go
 *
 * - A row whose versions are what they were stays as it is, revision and all; so the same step may be recorded twice.
 * - A later step gives a new revision and never drops a contribution; a rename takes those of its former path along.
 * - A path that equals the baseline again has no row.
 */
import type { ChangeId, ChangeKind, FileVersion, Hunk, Origin, WorkspaceId } from "@holdfast/protocol";
import { MAX_HUNKS } from "@holdfast/protocol";
import { showPath, type TreeChange } from "../../git/index.ts";
import type { ChangeWrite, StoredChange } from "../../store/index.ts";
import { compose, type HunkRange, type Region, regionOf, wholeFile, withIds } from "../attribution/index.ts";
import { type Contributed, contribute, merged, originsOf, withHunks } from "./contributions.ts";

/** One path of the step, and whose it is. */
export type Stamped = TreeChange & { origin: Origin };

/** Hunks by path; a path is absent where they were not counted. */
export type HunksByKey = ReadonlyMap<string, readonly HunkRange[]>;

export type Scene = {
  workspaceId: WorkspaceId;
  /** Pending changes as they stand. */
  rows: readonly StoredChange[];
  step: readonly Stamped[];
  total: readonly TreeChange[];
  hunks: { step: HunksByKey; total: HunksByKey };
  /** Commits of the snapshots that the step lies between. */
  before: string;
  after: string;
  now: number;
  newId(): ChangeId;
};

export type NextRows = Pick<ChangeWrite, "changes" | "gone">;

/** What stands in a row of `branchMoved` in place of a path; no file can be called so. */
export const BRANCH_KEY = "\0branch";

/** The changes of `total` whose row is missing or says something else. */
export function outdated(rows: readonly StoredChange[], total: readonly TreeChange[]): TreeChange[] {
  const byKey = new Map(rows.map((row) => [row.key, row]));
  return total.filter((change) => {
    const row = byKey.get(change.key);
    return row === undefined || !isSaid(row, change);
  });
}

export function nextRows(scene: Scene): NextRows {
  const { rows, step, total } = scene;
  const byKey = new Map(rows.map((row) => [row.key, row]));
  const steps = new Map(step.map((each) => [each.key, each]));
  const changes = outdated(rows, total).map((change) => nextRow(scene, change, byKey, steps));
  const kept = new Set(total.map(({ key }) => key));
  const gone = rows
    .filter((row) => !kept.has(row.key) && row.kind !== "branchMoved")
    .map(({ id }) => ({ changeId: id, state: "rejected" as const }));
  return { changes, gone };
}

function nextRow(
  scene: Scene,
  change: TreeChange,
  byKey: ReadonlyMap<string, StoredChange>,
  steps: ReadonlyMap<string, Stamped>,
): StoredChange {
  const { key, oldKey, before, after, binary, additions, deletions } = change;
  const row = byKey.get(key);
  const own = steps.get(key);
  const former = oldKey === undefined ? undefined : steps.get(oldKey);
  const inherited = distinct([row, rowAt(byKey, own?.oldKey), rowAt(byKey, oldKey)]);
  const added = distinct([own, former]).map(({ origin }) => contributionOf(scene, origin));
  const known = merged(inherited.map((each) => each.contributions));
  const contributions = contribute(known, [...known, ...added].length === 0 ? [nobody(scene)] : added);
  const hunks = hunksOf(scene, change, inherited[0], own, contributions);
  const newest = contributions.at(-1) ?? nobody(scene);
  return {
    id: row?.id ?? scene.newId(),
    workspaceId: scene.workspaceId,
    key,
    path: showPath(key),
    ...(oldKey === undefined ? {} : { oldKey, oldPath: showPath(oldKey) }),
    kind: kindOf(change),
    revision: (row?.revision ?? 0) + 1,
    state: "pending",
    agent: newest.agent,
    ...(newest.sessionId === undefined ? {} : { sessionId: newest.sessionId }),
    ...(newest.turnId === undefined ? {} : { turnId: newest.turnId }),
    contributions: withHunks(contributions, hunks),
    hunks,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    binary,
    additions,
    deletions,
    ...(row?.reviewed === undefined ? {} : { reviewed: row.reviewed }),
  };
}

/** Empty for what has no lines, and for a file of more hunks than are named: it is taken or rejected whole. */
function hunksOf(
  { hunks }: Scene,
  change: TreeChange,
  source: StoredChange | undefined,
  own: Stamped | undefined,
  contributions: readonly Contributed[],
): Hunk[] {
  const next = hunks.total.get(change.key);
  if (change.binary || next === undefined || next.length === 0 || next.length > MAX_HUNKS) return [];
  const everybody = originsOf(contributions);
  const old = source === undefined ? [] : regionsOf(source, change.before);
  const step = own === undefined ? [] : stepRegions(own, hunks.step.get(own.key));
  const composed = compose({ old, step, next, newestFirst: everybody });
  const named = composed.map((hunk) => (hunk.origins.length > 0 ? hunk : { ...hunk, origins: everybody }));
  return withIds(named, change);
}

/** What a row knows of who changed which lines against a version of the baseline. */
function regionsOf(row: StoredChange, baseline: FileVersion | undefined): Region[] {
  if (row.hunks.length > 0 && row.before?.blob === baseline?.blob)
    return row.hunks.map((hunk) => regionOf(hunk, hunk.origins));
  if (row.before?.blob === row.after?.blob) return [];
  return [wholeFile(originsOf(row.contributions))];
}

function stepRegions(step: Stamped, ranges: readonly HunkRange[] | undefined): Region[] {
  if (ranges !== undefined && ranges.length > 0) return ranges.map((range) => regionOf(range, [step.origin]));
  return step.before?.blob === step.after?.blob ? [] : [wholeFile([step.origin])];
}

const contributionOf = ({ before, after, now }: Scene, origin: Origin): Contributed => ({
  ...origin,
  before,
  after,
  time: now,
});

const nobody = (scene: Scene): Contributed => contributionOf(scene, { agent: "unknown" });

const rowAt = (byKey: ReadonlyMap<string, StoredChange>, key: string | undefined) =>
  key === undefined ? undefined : byKey.get(key);

function distinct<T>(values: readonly (T | undefined)[]): T[] {
  return [...new Set(values.filter((value) => value !== undefined))];
}

const isSaid = (row: StoredChange, change: TreeChange): boolean =>
  row.oldKey === change.oldKey &&
  row.kind === kindOf(change) &&
  isSameVersion(row.before, change.before) &&
  isSameVersion(row.after, change.after);

const isSameVersion = (one: FileVersion | undefined, other: FileVersion | undefined): boolean =>
  one?.blob === other?.blob && one?.mode === other?.mode;

function kindOf({ kind }: TreeChange): ChangeKind {
  return kind;
}
