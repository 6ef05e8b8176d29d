/**
 * Rows of paths whose trees an undo moves back (W-7). Origins are not guessed: what was decided is known by its hunks, what happened since by the row that is there.
 *
 *   undo of a taking over:  former baseline ──decided hunks──► baseline ──present hunks──► newest
 *   undo of a rejection:    baseline ──present hunks──► newest ──decided hunks──► former newest
 */
import { type ChangeId, type Contribution, type Hunk, MAX_HUNKS, type Origin } from "@holdfast/protocol";
import { showPath } from "../../git/index.ts";
import type { StoredChange } from "../../store/index.ts";
import {
  type Attributed,
  compose,
  isSameOrigin,
  rebase,
  regionOf,
  withIds,
  without,
} from "../attribution/index.ts";
import { type Decision, withContributions } from "./left-rows.ts";
import type { Former } from "./plan.ts";
import type { Difference, HunkRange } from "./review-repository.ts";

export type Restoration = {
  /** The decision that is undone. */
  decision: Decision;
  former: readonly Former[];
  /** Rows that are there now at any of the paths. */
  present: readonly StoredChange[];
  /** Between the trees after the undo, at these paths. */
  differences: readonly Difference[];
  hunks: ReadonlyMap<string, readonly HunkRange[]>;
  newChangeId: () => ChangeId;
};

/** Rows to write, and rows that say nothing any more. Pure. */
export function restoredRows(restoration: Restoration): {
  changes: StoredChange[];
  gone: { changeId: ChangeId; state: "applied" | "rejected" }[];
} {
  const { differences, present, former, decision, newChangeId } = restoration;
  const keys = new Set(differences.map(({ key }) => key));
  const changes = differences.flatMap((difference) => {
    const was = former.find(({ row }) => isAbout(row, difference));
    const own = present.find((row) => row.key === difference.key);
    const now = own ?? present.find((row) => isAbout(row, difference));
    const source = was?.row ?? now;
    if (source === undefined) return [];
    const { revision, id } = own ?? { revision: 0, id: newChangeId() };
    return [{ ...restored(restoration, difference, source, was, now), id, revision: revision + 1 }];
  });
  const state: "applied" | "rejected" = decision === "takeOver" ? "applied" : "rejected";
  const gone = present.filter(({ key }) => !keys.has(key)).map(({ id }) => ({ changeId: id, state }));
  return { changes, gone };
}

const keysOf = (row: Pick<StoredChange, "key" | "oldKey">): string[] =>
  row.oldKey === undefined ? [row.key] : [row.key, row.oldKey];

function isAbout(row: Pick<StoredChange, "key" | "oldKey">, difference: Difference): boolean {
  const keys = keysOf(difference);
  return row.key === difference.key || keysOf(row).some((key) => keys.includes(key));
}

function restored(
  { decision, hunks: repositories }: Restoration,
  difference: Difference,
  source: StoredChange,
  was: Former | undefined,
  now: StoredChange | undefined,
): StoredChange {
  const { key, oldKey, kind, before, after, binary, additions, deletions } = difference;
  const decided = was === undefined ? [] : decidedHunks(was, decision);
  const there = now?.hunks ?? [];
  const next = repositories.get(key) ?? [];
  const [old, step] = decision === "takeOver" ? [decided, there] : [there, decided];
  const contributions = merged(was?.row.contributions ?? [], now?.contributions ?? []);
  const attributed = compose({
    old: old.map((hunk) => regionOf(hunk, hunk.origins)),
    step: step.map((hunk) => regionOf(hunk, hunk.origins)),
    next: next.length > MAX_HUNKS ? [] : next,
    newestFirst: newestFirst(contributions),
  }).map((hunk) => (hunk.origins.length > 0 ? hunk : { ...hunk, origins: [originOf(source)] }));
  const hunks = withIds(attributed, { key, before, after });
  const {
    oldKey: _oldKey,
    oldPath: _oldPath,
    before: _before,
    after: _after,
    reviewed: _reviewed,
    ...rest
  } = source;
  const row: StoredChange = {
    ...rest,
    state: "pending",
    key,
    path: showPath(key),
    kind,
    binary,
    ...(oldKey === undefined ? {} : { oldKey, oldPath: showPath(oldKey) }),
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
  return { ...withContributions(row, hunks, contributions), additions, deletions };
}

/** The decided hunks alone, between the trees that the decision moved. */
function decidedHunks({ row, hunks }: Former, decision: Decision): Attributed[] {
  const isLeft = (hunk: Hunk) => hunks !== "all" && !hunks.includes(hunk.id);
  return decision === "takeOver" ? without(row.hunks, isLeft) : rebase(row.hunks, isLeft);
}

const originOf = ({ agent, turnId, sessionId }: StoredChange | Contribution): Origin => ({
  agent,
  ...(turnId === undefined ? {} : { turnId }),
  ...(sessionId === undefined ? {} : { sessionId }),
});

function merged(one: readonly Contribution[], other: readonly Contribution[]): Contribution[] {
  const isKnown = (all: readonly Contribution[], next: Contribution) =>
    all.some((each) => isSameOrigin(each, next) && each.before === next.before && each.after === next.after);
  return [...one, ...other.filter((next) => !isKnown(one, next))].sort((a, b) => a.time - b.time);
}

const newestFirst = (contributions: readonly Contribution[]): Origin[] =>
  contributions.map(originOf).reverse();
