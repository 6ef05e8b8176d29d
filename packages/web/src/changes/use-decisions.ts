import type { Change } from "@holdfast/protocol";
import { useState } from "react";
import { canUndo } from "./operations-dialog.tsx";
import {
  chosenOf,
  NOTHING_CHOSEN,
  type Selection,
  toggleAll,
  toggleChange,
  toggleHunk,
} from "./selection.ts";
import type { Review } from "./use-review.ts";

export type Decisions = {
  selection: Selection;
  /** Hunks that were marked on this page; a file whose hunks are all marked is marked itself. */
  reviewedHunks: ReadonlySet<string>;
  choose: (change: Change, hunkId?: string) => void;
  chooseAll: () => void;
  reviewHunk: (change: Change, hunkId: string) => void;
  /** Decides about what is chosen; when nothing is, about `otherwise`, or everything. */
  decide: (verb: "take" | "reject", otherwise?: Selection) => void;
  undoLast: () => void;
};

/** What somebody chose of the changes that are shown, and what they decide about it. */
export function useDecisions(review: Review, changes: readonly Change[]): Decisions {
  const [selection, setSelection] = useState(NOTHING_CHOSEN);
  const [reviewedHunks, setReviewedHunks] = useState<ReadonlySet<string>>(() => new Set());
  return {
    selection,
    reviewedHunks,
    choose: (change, hunkId) =>
      setSelection(
        hunkId === undefined ? toggleChange(selection, change) : toggleHunk(selection, change, hunkId),
      ),
    chooseAll: () => setSelection(toggleAll(selection, changes)),
    reviewHunk(change, hunkId) {
      const next = new Set(reviewedHunks);
      if (!next.delete(hunkId)) next.add(hunkId);
      setReviewedHunks(next);
      const isAll = change.hunks.every(({ id }) => next.has(id));
      if (isAll && change.reviewed !== change.revision) review.markReviewed(change, true);
    },
    decide(verb, otherwise = toggleAll(NOTHING_CHOSEN, changes)) {
      const chosen = chosenOf(selection, changes);
      const what = chosen.length > 0 ? chosen : chosenOf(otherwise, changes);
      if (what.length === 0 || review.isBusy) return;
      setSelection(NOTHING_CHOSEN);
      review.take({ verb, changes: what });
    },
    undoLast: () => void undoLast(review),
  };
}

/** The newest act that is there to be undone. */
async function undoLast(review: Review): Promise<void> {
  const { outcome } = review;
  if (outcome?.kind === "done") return review.undo(outcome.operationId);
  const items = await review.operations().catch(() => []);
  const last = items.find((operation) => canUndo(operation, items));
  if (last !== undefined) review.undo(last.operationId);
}
