import { type Change, visibleText } from "@holdfast/protocol";
import { useState } from "react";
import { Button } from "../design/index.ts";
import { ChangeFile } from "./change-file.tsx";
import type { Addressee } from "./remark-form.tsx";
import type { Decisions } from "./use-decisions.ts";
import type { Review } from "./use-review.ts";

/** Files drawn at first, and with each “more”. */
const STEP_FILES = 200;

type FileListProps = {
  changes: readonly Change[];
  decisions: Decisions;
  review: Review;
  isWorking: boolean;
  isOpen: (change: Change) => boolean;
  isOutdated: (change: Change) => boolean;
  nameOf: (agent: string) => string;
  addresseesOf: (change: Change) => readonly Addressee[];
  onFold: (change: Change) => void;
  onRenew: (id: string) => void;
};

/** The files that changed, each with what can be done about it. */
export function FileList(props: FileListProps) {
  const { changes, decisions, review, isWorking, isOpen, isOutdated, nameOf, addresseesOf } = props;
  const [limit, setLimit] = useState(STEP_FILES);
  return (
    <>
      <ul aria-label="Changed files" className="divide-y divide-line">
        {changes.slice(0, limit).map((change) => (
          <li
            key={change.id}
            data-change={change.id}
            tabIndex={-1}
            aria-label={visibleText(change.path, "line")}
            className="focus-visible:-outline-offset-2"
          >
            <ChangeFile
              change={change}
              review={review}
              selection={decisions.selection}
              reviewedHunks={decisions.reviewedHunks}
              addressees={addresseesOf(change)}
              nameOf={nameOf}
              isOutdated={isOutdated(change)}
              isOpen={isOpen(change)}
              isWorking={isWorking}
              onFold={() => props.onFold(change)}
              onChoose={decisions.choose}
              onReviewedHunk={decisions.reviewHunk}
              onRenew={() => props.onRenew(change.id)}
            />
          </li>
        ))}
      </ul>
      {changes.length > limit && (
        <div className="flex items-center gap-3 border-t border-line px-3 py-2 text-sm text-ink-soft">
          {(changes.length - limit).toLocaleString()} more files
          <Button size="small" onClick={() => setLimit(limit + STEP_FILES)}>
            Show more
          </Button>
        </div>
      )}
    </>
  );
}
