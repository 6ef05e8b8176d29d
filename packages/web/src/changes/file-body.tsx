import { hunkAt, MAX_PATCH_BYTES, type Change, visibleText } from "@holdfast/protocol";
import { type ReactNode, useEffect, useState } from "react";
import { Button, Skeleton } from "../design/index.ts";
import { Diff, type LinePosition } from "./diff.tsx";
import { HunkHead } from "./hunk-head.tsx";
import { type Addressee, RemarkForm } from "./remark-form.tsx";
import { canDecide, isHunkChosen, type Selection } from "./selection.ts";
import type { Review } from "./use-review.ts";
import { linelessOf } from "./words.ts";

const KIB = 1024;

export type FileBodyProps = {
  change: Change;
  review: Review;
  selection: Selection;
  reviewedHunks: ReadonlySet<string>;
  addressees: readonly Addressee[];
  nameOf: (agent: string) => string;
  onChooseHunk: (hunkId: string) => void;
  onReviewedHunk: (hunkId: string) => void;
};

/** What a change is made of: its lines by hunk, or why there are none to show. */
export function FileBody(props: FileBodyProps) {
  const { change, review } = props;
  const lineless = linelessOf(change);
  if (lineless !== undefined) return <Plain>{lineless}</Plain>;
  if (change.patch === undefined || change.patchTruncated === true)
    return <LoadPatch key={change.revision} change={change} onLoad={review.loadPatch} />;
  return <Lines {...props} patch={change.patch} />;
}

/** Who made the line's hunk hears of it unless somebody else is chosen (W-6). */
function makersFirst(all: readonly Addressee[], change: Change, position: LinePosition): Addressee[] {
  const made = new Set(hunkAt(change.hunks, position)?.origins.map(({ sessionId }) => sessionId));
  return all.toSorted((a, b) => Number(made.has(b.sessionId)) - Number(made.has(a.sessionId)));
}

function Lines(props: FileBodyProps & { patch: string }) {
  const { change, patch, review, selection, reviewedHunks, addressees, nameOf } = props;
  const [position, setPosition] = useState<LinePosition | undefined>();
  const isOff = review.isBusy || !canDecide(change);
  const decide = (verb: "take" | "reject", hunkId: string) => {
    const { id, revision, hunks } = change;
    // A file with one hunk is decided whole: what has no lines, such as its mode, goes with it.
    review.take({
      verb,
      changes: [{ id, revision, ...(hunks.length === 1 ? {} : { hunks: [hunkId] }) }],
    });
  };
  const form = position !== undefined && (
    <RemarkForm
      key={`${position.side}${position.line}`}
      path={change.path}
      position={position}
      addressees={makersFirst(addressees, change, position)}
      onClose={() => setPosition(undefined)}
      onSend={(text, { sessionId }) =>
        review.comment({
          changeId: change.id,
          revision: change.revision,
          ...position,
          text,
          sessionId,
        })
      }
    />
  );
  return (
    <Diff
      change={change}
      patch={patch}
      remark={{ at: position, form }}
      onLine={setPosition}
      headOf={({ hunk }) =>
        hunk !== undefined && (
          <HunkHead
            change={change}
            hunk={hunk}
            nameOf={nameOf}
            isChosen={isHunkChosen(selection, change, hunk.id)}
            isReviewed={change.reviewed === change.revision || reviewedHunks.has(hunk.id)}
            isOff={isOff}
            onChoose={() => props.onChooseHunk(hunk.id)}
            onTake={() => decide("take", hunk.id)}
            onReject={() => decide("reject", hunk.id)}
            onReviewed={() => props.onReviewedHunk(hunk.id)}
          />
        )
      }
    />
  );
}

/** A patch that did not come with the list: at once when it is small or new, by hand when it is long. */
function LoadPatch({ change, onLoad }: { change: Change; onLoad: (id: string) => Promise<void> }) {
  const isLong = change.patchTruncated === true;
  const [isWanted, setWanted] = useState(!isLong);
  const [problem, setProblem] = useState<string | undefined>();
  useEffect(() => {
    if (!isWanted) return;
    onLoad(change.id).catch((error: unknown) => {
      setProblem(error instanceof Error ? error.message : String(error));
      setWanted(false);
    });
  }, [isWanted, change.id, onLoad]);
  if (isWanted)
    return (
      <div className="border-t border-line p-3">
        <Skeleton lines={3} label={`Reading the change of ${visibleText(change.path, "line")}`} />
      </div>
    );
  return (
    <Plain>
      {problem === undefined
        ? `The change is longer than ${MAX_PATCH_BYTES / KIB} KB.`
        : `It could not be read: ${problem}`}{" "}
      <Button size="small" className="ml-2" onClick={() => setWanted(true)}>
        {problem === undefined ? "Show it" : "Try again"}
      </Button>
    </Plain>
  );
}

const Plain = ({ children }: { children: ReactNode }) => (
  <div className="border-t border-line px-3 py-2 text-sm text-ink-soft">{children}</div>
);
