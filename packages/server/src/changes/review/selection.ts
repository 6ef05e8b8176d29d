import { HoldfastError, notFound } from "@holdfast/kernel";
import type { ApplyChanges, ChangeId } from "@holdfast/protocol";
import type { StoredChange } from "../../store/index.ts";

/** A change that somebody decided about: whole, or some of its hunks. */
export type Chosen = { change: StoredChange; hunks: "all" | ReadonlySet<string> };

type Wanted = { id: ChangeId; revision?: number | undefined; hunks?: string[] | undefined };

export type SelectionRequest = Pick<ApplyChanges, "changes" | "changeIds">;

/**
 * What a request means among the pending changes of a workspace (W-6). `changeIds` stand for their current revision. Naming every hunk is naming the
 * whole file. Throws NOT_FOUND, STALE (with the current revisions in `changes`), INVALID_REQUEST for an id twice, UNPROCESSABLE for what is no change.
 */
export function choose(rows: readonly StoredChange[], request: SelectionRequest): Chosen[] {
  const known = new Map(rows.map((row) => [row.id, row]));
  const wanted: Wanted[] = request.changes ?? (request.changeIds ?? []).map((id) => ({ id }));
  if (new Set(wanted.map(({ id }) => id)).size !== wanted.length)
    throw new HoldfastError("INVALID_REQUEST", "A change is named twice.");
  const stale: StoredChange[] = [];
  const chosen = wanted.map((one): Chosen => {
    const change = requireChange(known, one.id);
    const { hunks, revision } = one;
    const isMoved = revision !== undefined && revision !== change.revision;
    const isUnknown = hunks?.some((id) => !change.hunks.some((hunk) => hunk.id === id)) === true;
    if (isMoved || isUnknown) stale.push(change);
    return { change, hunks: hunkChoice(change, hunks) };
  });
  if (stale.length > 0) throw staleRefusal(stale);
  return chosen;
}

/** The same choice after a fresh look at the files: every change must still be the one that was chosen. Throws STALE. */
export function chooseAgain(rows: readonly StoredChange[], chosen: readonly Chosen[]): Chosen[] {
  const known = new Map(rows.map((row) => [row.id, row]));
  const stale = chosen.filter(({ change }) => known.get(change.id)?.revision !== change.revision);
  if (stale.length > 0) throw staleRefusal(stale.map(({ change }) => known.get(change.id) ?? change));
  return chosen.map(({ change, hunks }) => ({ change: known.get(change.id) ?? change, hunks }));
}

function requireChange(known: ReadonlyMap<ChangeId, StoredChange>, id: ChangeId): StoredChange {
  const change = known.get(id);
  if (change === undefined) throw notFound("pending change of this workspace", id);
  if (change.kind === "branchMoved")
    throw new HoldfastError(
      "UNPROCESSABLE",
      `${id} says that the branch moved; there is nothing of an agent to take over or reject.`,
    );
  return change;
}

function hunkChoice(change: StoredChange, hunks: readonly string[] | undefined): Chosen["hunks"] {
  if (hunks === undefined) return "all";
  const ids = new Set(hunks);
  return change.hunks.every(({ id }) => ids.has(id)) ? "all" : ids;
}

function staleRefusal(changes: readonly StoredChange[]): HoldfastError {
  return new HoldfastError(
    "STALE",
    "What was reviewed is no longer what the files say. Read the changes again.",
    {
      data: {
        changes: changes.map(({ id, revision }) => ({ id, revision })),
        paths: changes.map(({ path }) => path),
      },
    },
  );
}
