/**
 * What a decision does to the rows and trees of a workspace (W-9). Taking over moves the baseline towards the result, rejecting moves the result towards the
 * baseline; what was not decided stays pending as a new revision. Pure: contents of partly chosen files come from the caller as blobs.
 *
 *   taken over:  baseline' = baseline + chosen    newest' = newest
 *   rejected:    baseline' = baseline             newest' = newest - chosen
 */
import type { Contribution, FileVersion, Hunk } from "@holdfast/protocol";
import type { StoredChange } from "../../store/index.ts";
import { type Attributed, isSameOrigin, rebase, withIds, without } from "../attribution/index.ts";
import type { Entry } from "./plan.ts";
import type { Chosen } from "./selection.ts";

export type Decision = "takeOver" | "reject";

/** What becomes of one decided change: entries of the tree that moves, and the row that is left, if one is. */
export type Outcome = { entries: Entry[]; left: StoredChange | undefined };

/** The outcome for one change. `composed` is the blob of a partly chosen file, and absent when the whole change was chosen. */
export function outcomeOf(chosen: Chosen, decision: Decision, composed: string | undefined): Outcome {
  const isPart = chosen.hunks !== "all" && composed !== undefined;
  if (decision === "takeOver") return isPart ? partTaken(chosen, composed) : wholeTaken(chosen.change);
  return isPart ? partRejected(chosen, composed) : wholeRejected(chosen.change);
}

/** Whether the decision is about this hunk. */
export const isChosen = ({ hunks }: Chosen, hunk: Pick<Hunk, "id">): boolean =>
  hunks === "all" || hunks.has(hunk.id);

function wholeTaken(change: StoredChange): Outcome {
  const { before = null, after = null } = change;
  return {
    entries: [...movedAway(change), { key: change.key, old: atKey(change), new: after }],
    left: undefined,
  };

  function movedAway({ oldKey }: StoredChange): Entry[] {
    return oldKey === undefined ? [] : [{ key: oldKey, old: before, new: null }];
  }
}

function wholeRejected(change: StoredChange): Outcome {
  const { key, oldKey, before = null, after = null } = change;
  if (oldKey === undefined) return { entries: [{ key, old: after, new: before }], left: undefined };
  return {
    entries: [
      { key, old: after, new: null },
      { key: oldKey, old: null, new: before },
    ],
    left: undefined,
  };
}

/** A renamed file is where it went as soon as a part of it is taken over; its mode goes with the whole only. */
function partTaken(chosen: Chosen, blob: string): Outcome {
  const { change } = chosen;
  const mode = change.before?.mode ?? change.after?.mode ?? "100644";
  const before: FileVersion = { blob, mode };
  const hunks = rebase(change.hunks, (hunk) => isChosen(chosen, hunk));
  const { oldKey, oldPath: _path, ...rest } = change;
  const entries: Entry[] = [{ key: change.key, old: atKey(change), new: before }];
  if (oldKey !== undefined) entries.unshift({ key: oldKey, old: change.before ?? null, new: null });
  return { entries, left: leftRow({ ...rest, kind: "modified", before }, hunks) };
}

function partRejected(chosen: Chosen, blob: string): Outcome {
  const { change } = chosen;
  const mode = change.after?.mode ?? change.before?.mode ?? "100644";
  const after: FileVersion = { blob, mode };
  const hunks = without(change.hunks, (hunk) => isChosen(chosen, hunk));
  return {
    entries: [{ key: change.key, old: change.after ?? null, new: after }],
    left: leftRow({ ...change, after }, hunks),
  };
}

/** What the baseline has at the change's own path. */
function atKey(change: StoredChange): FileVersion | null {
  return change.oldKey === undefined ? (change.before ?? null) : null;
}

function leftRow(change: StoredChange, ranges: readonly Attributed[]): StoredChange {
  const hunks = withIds(ranges, change);
  return {
    ...withContributions(change, hunks, change.contributions),
    revision: change.revision + 1,
    state: "pending",
  };
}

/** A row with these hunks, its counts, and each contribution's share in them; its agent is the newest that has one. */
export function withContributions(
  change: StoredChange,
  hunks: Hunk[],
  contributions: readonly Contribution[],
): StoredChange {
  const shares = contributions.map((one) => ({
    ...one,
    hunks: hunks
      .filter(({ origins }) => origins.some((origin) => isSameOrigin(origin, one)))
      .map(({ id }) => id),
  }));
  const newest = shares
    .filter((one) => one.hunks.length > 0)
    .reduce<Contribution | undefined>(
      (best, one) => (best === undefined || one.time >= best.time ? one : best),
      undefined,
    );
  const { sessionId: _session, turnId: _turn, ...rest } = change;
  const source = newest ?? (hunks.length === 0 ? contributions.at(-1) : undefined) ?? change;
  return {
    ...rest,
    agent: source.agent,
    ...(source.sessionId === undefined ? {} : { sessionId: source.sessionId }),
    ...(source.turnId === undefined ? {} : { turnId: source.turnId }),
    hunks,
    contributions: shares,
    additions: sum(hunks, "newLines"),
    deletions: sum(hunks, "oldLines"),
  };
}

const sum = (hunks: readonly Hunk[], field: "newLines" | "oldLines"): number =>
  hunks.reduce((total, hunk) => total + hunk[field], 0);

/** Sessions whose work a rejection undoes (W-6): those of the chosen hunks, or of the whole change. */
export function contributors({ change, hunks }: Chosen): NonNullable<StoredChange["sessionId"]>[] {
  const origins =
    hunks === "all"
      ? change.contributions
      : change.hunks.filter(({ id }) => hunks.has(id)).flatMap((hunk) => hunk.origins);
  return [...new Set(origins.flatMap(({ sessionId }) => (sessionId === undefined ? [] : [sessionId])))];
}
