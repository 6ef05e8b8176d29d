import type { Change } from "@holdfast/protocol";
import { History, RefreshCw, X } from "lucide-react";
import { type FocusEvent, type RefObject, useEffect, useRef, useState } from "react";
import { IconButton } from "../design/index.ts";
import type { ChangesView } from "./changes-store.ts";
import { FileList } from "./file-list.tsx";
import { OperationsDialog } from "./operations-dialog.tsx";
import { OutcomeBar } from "./outcome-bar.tsx";
import { panelKeys } from "./panel-acts.ts";
import { PanelNotice, Summary } from "./panel-notice.tsx";
import type { Addressee } from "./remark-form.tsx";
import { NOTHING_CHOSEN, toggleChange, toggleHunk } from "./selection.ts";
import { useShown } from "./shown.ts";
import { Toolbar } from "./toolbar.tsx";
import { NotCaptured, UnwatchedTurns } from "./tracking-note.tsx";
import { useDecisions } from "./use-decisions.ts";
import { useFolds } from "./use-folds.ts";
import type { Review } from "./use-review.ts";

type ReviewPanelProps = {
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
  const { view, review, isWorking, isQuiet = false } = props;
  const known = view.state.changes;
  const { open, fold } = useFolds(view);
  const { shown, renew } = useShown({ changes: known, adopted: view.adopted, open });
  const changes = [...shown.values()];
  const decisions = useDecisions(review, changes);
  const [isLogShown, setLogShown] = useState(false);
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!isQuiet) panel.current?.focus({ preventScroll: true });
  }, [isQuiet]);
  const keepFocus = useKeptFocus(panel, shown);
  const press = panelKeys({
    changeOf: (id) => shown.get(id),
    isOpen: ({ id }) => open.has(id),
    fold,
    choose: decisions.choose,
    reviewed: (change, hunkId) =>
      hunkId === undefined
        ? review.markReviewed(change, change.reviewed !== change.revision)
        : decisions.reviewHunk(change, hunkId),
    undo: decisions.undoLast,
    decide: (verb, { change, hunkId }) => decisions.decide(verb, only(change, hunkId)),
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
        <IconButton label="Review history" onClick={() => setLogShown(true)}>
          <History size={16} />
        </IconButton>
        <IconButton label="Look at the files again" disabled={view.isLooking} onClick={review.look}>
          <RefreshCw size={15} />
        </IconButton>
        <IconButton label="Close the changes" onClick={props.onClose}>
          <X size={16} />
        </IconButton>
      </header>
      <Toolbar
        changes={changes}
        selection={decisions.selection}
        isBusy={review.isBusy}
        onAll={decisions.chooseAll}
        onTake={() => decisions.decide("take")}
        onReject={() => decisions.decide("reject")}
      />
      <div className="scroll-area min-h-0 flex-1">
        <PanelNotice view={view} onLook={review.look} />
        <FileList
          changes={changes}
          decisions={decisions}
          review={review}
          isWorking={isWorking}
          isOpen={({ id }) => open.has(id)}
          isOutdated={({ id, revision }) => known.get(id)?.revision !== revision}
          nameOf={props.nameOf}
          addresseesOf={props.addresseesOf}
          onFold={fold}
          onRenew={renew}
        />
        <UnwatchedTurns tracking={view.state.tracking} />
        <NotCaptured tracking={view.state.tracking} />
      </div>
      {review.outcome !== undefined && (
        <OutcomeBar review={review} outcome={review.outcome} changeOf={(id) => shown.get(id)} />
      )}
      {isLogShown && <OperationsDialog review={review} onClose={() => setLogShown(false)} />}
    </section>
  );
}

/** A file or a hunk of it; nothing when there is none. */
function only(change: Change | undefined, hunkId: string | undefined): typeof NOTHING_CHOSEN {
  if (change === undefined) return NOTHING_CHOSEN;
  return hunkId === undefined
    ? toggleChange(NOTHING_CHOSEN, change)
    : toggleHunk(NOTHING_CHOSEN, change, hunkId);
}

/**
 * Keeps the focus in the panel when what had it goes away, such as a hunk that was applied: it goes to the hunk's file, else to the panel, so that the
 * keys go on. `drawn` is what is shown; the answer is to be called with every focus inside.
 */
function useKeptFocus(
  panel: RefObject<HTMLElement | null>,
  drawn: unknown,
): (event: FocusEvent<HTMLElement>) => void {
  const last = useRef<{ element: HTMLElement; file: HTMLElement | null } | undefined>(undefined);
  useEffect(() => {
    if (last.current === undefined || last.current.element.isConnected) return;
    const { file } = last.current;
    last.current = undefined;
    if (document.activeElement !== document.body) return;
    const next = file?.isConnected === true ? file : panel.current;
    next?.focus({ preventScroll: true });
  }, [drawn, panel]);
  return ({ target }) => {
    last.current = { element: target, file: target.closest<HTMLElement>("[data-change]") };
  };
}
