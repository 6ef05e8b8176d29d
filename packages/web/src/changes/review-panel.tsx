import { isOpenChange } from "@holdfast/client";
import type { Change } from "@holdfast/protocol";
import { History, RefreshCw, X } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { Button, Empty, IconButton, Notice, Skeleton } from "../design/index.ts";
import { ChangeFile } from "./change-file.tsx";
import type { ChangesView } from "./changes-store.ts";
import { canUndo, OperationsDialog } from "./operations-dialog.tsx";
import { OutcomeBar } from "./outcome-bar.tsx";
import { panelKeys } from "./panel-acts.ts";
import type { Addressee } from "./remark-form.tsx";
import { chosenOf, NOTHING_CHOSEN, toggleAll, toggleChange, toggleHunk } from "./selection.ts";
import { useShown } from "./shown.ts";
import { Toolbar } from "./toolbar.tsx";
import { NotCaptured, TrackingOff } from "./tracking-note.tsx";
import { useKeptFocus } from "./use-kept-focus.ts";
import type { Review } from "./use-review.ts";
import { countOf } from "./words.ts";

/** Files that are open at first, when they are few and short. */
const OPEN_FILES = 6;
const OPEN_LINES = 200;

export type ReviewPanelProps = {
  view: ChangesView;
  review: Review;
  /** A turn works in the workspace now. */
  isWorking: boolean;
  nameOf: (agent: string) => string;
  addresseesOf: (change: Change) => readonly Addressee[];
  /** It does not take the focus when it comes. */
  isQuiet?: boolean;
  onClose: () => void;
};

/** All pending changes of a workspace: to read, to take or reject by file and by hunk, to comment on (W-6). */
export function ReviewPanel(props: ReviewPanelProps) {
  const { view, review, isWorking, nameOf, addresseesOf, onClose } = props;
  const known = view.state.changes;
  const [folds, setFolds] = useState<ReadonlyMap<string, boolean>>(() => new Map());
  const isShort = useIsShort(view);
  const open = useMemo(
    () =>
      new Set(
        [...known.values()].flatMap(({ id, path }) => ((folds.get(path) ?? isShort.has(path)) ? [id] : [])),
      ),
    [known, folds, isShort],
  );
  const { shown, renew } = useShown({ changes: known, adopted: view.adopted, open });
  const changes = [...shown.values()];
  const [selection, setSelection] = useState(NOTHING_CHOSEN);
  const [reviewedHunks, setReviewedHunks] = useState<ReadonlySet<string>>(() => new Set());
  const [isLogShown, setLogShown] = useState(false);
  const panel = useRef<HTMLElement>(null);
  const { isQuiet = false } = props;
  useEffect(() => {
    if (!isQuiet) panel.current?.focus({ preventScroll: true });
  }, [isQuiet]);
  const keepFocus = useKeptFocus(panel, shown);

  const fold = ({ id, path }: Change) => setFolds(new Map(folds).set(path, !open.has(id)));
  const choose = (change: Change, hunkId?: string) =>
    setSelection(
      hunkId === undefined ? toggleChange(selection, change) : toggleHunk(selection, change, hunkId),
    );
  const reviewHunk = (change: Change, hunkId: string) => {
    const next = new Set(reviewedHunks);
    if (!next.delete(hunkId)) next.add(hunkId);
    setReviewedHunks(next);
    const isAll = change.hunks.every(({ id }) => next.has(id));
    if (isAll && change.reviewed !== change.revision) review.markReviewed(change, true);
  };
  const decide = (verb: "take" | "reject", what: ReturnType<typeof chosenOf>) => {
    if (what.length === 0 || review.isBusy) return;
    setSelection(NOTHING_CHOSEN);
    review.take({ verb, changes: what });
  };
  const decideChosen = (verb: "take" | "reject") => {
    const chosen = chosenOf(selection, changes);
    decide(verb, chosen.length > 0 ? chosen : chosenOf(toggleAll(NOTHING_CHOSEN, changes), changes));
  };
  const press = panelKeys({
    changeOf: (id) => shown.get(id),
    isOpen: ({ id }) => open.has(id),
    fold,
    choose,
    reviewed: (change, hunkId) =>
      hunkId === undefined
        ? review.markReviewed(change, change.reviewed !== change.revision)
        : reviewHunk(change, hunkId),
    undo: () => void undoLast(review),
    decide(verb, { change, hunkId }) {
      const chosen = chosenOf(selection, changes);
      if (chosen.length > 0 || change === undefined) return decide(verb, chosen);
      const one =
        hunkId === undefined
          ? toggleChange(NOTHING_CHOSEN, change)
          : toggleHunk(NOTHING_CHOSEN, change, hunkId);
      decide(verb, chosenOf(one, changes));
    },
  });

  return (
    <section
      ref={panel}
      aria-label="Changes"
      aria-busy={review.isBusy}
      tabIndex={-1}
      onKeyDown={press}
      onFocus={keepFocus}
      className="flex min-h-0 min-w-0 flex-1 flex-col bg-surface outline-none"
    >
      <header className="flex min-h-11 shrink-0 items-center gap-1 border-b border-line py-1 pr-1 pl-3">
        <h2 className="font-semibold">Changes</h2>
        <Summary view={view} isWorking={isWorking} />
        <IconButton label="What was done" onClick={() => setLogShown(true)}>
          <History size={16} />
        </IconButton>
        <IconButton label="Look at the files again" disabled={view.isLooking} onClick={review.look}>
          <RefreshCw size={15} />
        </IconButton>
        <IconButton label="Close the changes" onClick={onClose}>
          <X size={16} />
        </IconButton>
      </header>
      <Toolbar
        changes={changes}
        selection={selection}
        isBusy={review.isBusy}
        onAll={() => setSelection(toggleAll(selection, changes))}
        onTake={() => decideChosen("take")}
        onReject={() => decideChosen("reject")}
      />
      <div className="scroll-area min-h-0 flex-1">
        <Place view={view} onLook={review.look} />
        <ul aria-label="Changed files" className="divide-y divide-line">
          {changes.map((change) => (
            <li
              key={change.id}
              data-change={change.id}
              tabIndex={-1}
              aria-label={change.path}
              className="focus-visible:-outline-offset-2"
            >
              <ChangeFile
                change={change}
                review={review}
                selection={selection}
                reviewedHunks={reviewedHunks}
                addressees={addresseesOf(change)}
                nameOf={nameOf}
                isOutdated={known.get(change.id)?.revision !== change.revision}
                isOpen={open.has(change.id)}
                isWorking={isWorking}
                onFold={() => fold(change)}
                onChoose={choose}
                onReviewedHunk={reviewHunk}
                onRenew={() => renew(change.id)}
              />
            </li>
          ))}
        </ul>
        <NotCaptured tracking={view.state.tracking} />
      </div>
      {review.outcome !== undefined && (
        <OutcomeBar review={review} outcome={review.outcome} changeOf={(id) => shown.get(id)} />
      )}
      {isLogShown && <OperationsDialog review={review} onClose={() => setLogShown(false)} />}
    </section>
  );
}

/** How much is pending; while a turn works, that it may change. One line in one place, so that nothing moves. */
function Summary({ view, isWorking }: { view: ChangesView; isWorking: boolean }) {
  const open = [...view.state.changes.values()].filter(isOpenChange);
  const sum = (of: (change: Change) => number) => open.reduce((all, change) => all + of(change), 0);
  return (
    <span className="min-w-0 flex-1 truncate px-2 text-xs text-ink-soft tabular-nums">
      {view.phase === "ready" && `${countOf(open.length, "file")} `}
      <span className="text-good">+{sum((change) => change.additions)}</span>{" "}
      <span className="text-danger">−{sum((change) => change.deletions)}</span>
      {isWorking && (
        <span role="status" className="text-busy">
          {" "}
          · a turn works here now
        </span>
      )}
    </span>
  );
}

/** What stands in the list's place, or above it. */
function Place({ view, onLook }: { view: ChangesView; onLook: () => void }) {
  const { phase, error, state } = view;
  if (phase === "loading")
    return (
      <div className="p-4">
        <Skeleton lines={6} label="Reading the changes" />
      </div>
    );
  if (phase === "failed")
    return (
      <div className="p-3">
        <Notice
          tone="danger"
          role="alert"
          action={
            <Button size="small" onClick={onLook}>
              Try again
            </Button>
          }
        >
          The changes could not be read: {error}
        </Notice>
      </div>
    );
  if (state.tracking?.state === "off")
    return (
      <div className="p-3">
        <TrackingOff tracking={state.tracking} />
      </div>
    );
  if (state.changes.size === 0)
    return (
      <Empty title="No pending changes">
        What agents change here is listed with who did it, to be read, taken over or rejected.
      </Empty>
    );
  return null;
}

/** Paths that are open unless somebody folds them: decided once, when the list is first there. */
function useIsShort({ phase, state }: ChangesView): ReadonlySet<string> {
  const [short, setShort] = useState<ReadonlySet<string> | undefined>();
  if (short === undefined && phase === "ready") {
    const changes = [...state.changes.values()];
    const lines = changes.reduce((sum, { additions, deletions }) => sum + additions + deletions, 0);
    const isFew = changes.length <= OPEN_FILES && lines <= OPEN_LINES;
    setShort(new Set(isFew ? changes.map(({ path }) => path) : []));
  }
  return short ?? NONE;
}

const NONE: ReadonlySet<string> = new Set();

/** The newest act that is there to be undone. */
async function undoLast(review: Review): Promise<void> {
  const { outcome } = review;
  if (outcome?.kind === "done") return review.undo(outcome.operationId);
  const items = await review.operations().catch(() => []);
  const last = items.find((operation) => canUndo(operation, items));
  if (last !== undefined) review.undo(last.operationId);
}
