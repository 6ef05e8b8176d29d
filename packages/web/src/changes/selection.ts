/** What of the changes is chosen, by file and by hunk. Pure; a choice belongs to the revision that was seen, and is void for the next (W-6). */
import type { ApplyChanges, Change } from "@holdfast/protocol";

/** Of a change: its revision, and the hunks; all of it when none are named. */
type Choice = { revision: number; hunks?: ReadonlySet<string> };

export type Selection = ReadonlyMap<string, Choice>;
export type Chosen = NonNullable<ApplyChanges["changes"]>;

export const NOTHING_CHOSEN: Selection = new Map();

/** Whether somebody may decide about it: a moved branch is nobody's change. */
export const canDecide = ({ state, kind }: Change): boolean =>
  (state === "pending" || state === "conflict") && kind !== "branchMoved";

/** How much of a change is chosen. */
export function chosenPart(selection: Selection, change: Change): "none" | "some" | "all" {
  const choice = choiceOf(selection, change);
  if (choice === undefined) return "none";
  return choice.hunks === undefined ? "all" : "some";
}

export function isHunkChosen(selection: Selection, change: Change, hunkId: string): boolean {
  const choice = choiceOf(selection, change);
  return choice !== undefined && (choice.hunks === undefined || choice.hunks.has(hunkId));
}

/** All of a change, or nothing of it. */
export function toggleChange(selection: Selection, change: Change): Selection {
  const next = new Map(selection);
  if (chosenPart(selection, change) === "all") next.delete(change.id);
  else next.set(change.id, { revision: change.revision });
  return next;
}

export function toggleHunk(selection: Selection, change: Change, hunkId: string): Selection {
  const all = change.hunks.map(({ id }) => id);
  const choice = choiceOf(selection, change);
  const chosen = new Set(choice === undefined ? [] : (choice.hunks ?? all));
  if (!chosen.delete(hunkId)) chosen.add(hunkId);
  const next = new Map(selection);
  if (chosen.size === 0) next.delete(change.id);
  else if (chosen.size === all.length) next.set(change.id, { revision: change.revision });
  else next.set(change.id, { revision: change.revision, hunks: chosen });
  return next;
}

/** Everything that can be decided, or nothing when that is chosen already. */
export function toggleAll(selection: Selection, changes: readonly Change[]): Selection {
  const open = changes.filter(canDecide);
  if (open.every((change) => chosenPart(selection, change) === "all")) return NOTHING_CHOSEN;
  return new Map(open.map((change) => [change.id, { revision: change.revision }]));
}

/** What a request names: choices of revisions that are shown no more are left out. */
export function chosenOf(selection: Selection, changes: readonly Change[]): Chosen {
  return changes.flatMap((change) => {
    const choice = canDecide(change) ? choiceOf(selection, change) : undefined;
    if (choice === undefined) return [];
    const { revision, hunks } = choice;
    return [{ id: change.id, revision, ...(hunks === undefined ? {} : { hunks: [...hunks] }) }];
  });
}

function choiceOf(selection: Selection, change: Change): Choice | undefined {
  const choice = selection.get(change.id);
  return choice?.revision === change.revision ? choice : undefined;
}
