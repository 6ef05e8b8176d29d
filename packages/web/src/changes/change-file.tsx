import type { Change } from "@holdfast/protocol";
import { FileBody, type FileBodyProps } from "./file-body.tsx";
import { FileRow } from "./file-row.tsx";
import { chosenPart } from "./selection.ts";

type ChangeFileProps = Omit<FileBodyProps, "onChooseHunk" | "onReviewedHunk"> & {
  isOutdated: boolean;
  isOpen: boolean;
  isWorking: boolean;
  onFold: () => void;
  onChoose: (change: Change, hunkId?: string) => void;
  onReviewedHunk: (change: Change, hunkId: string) => void;
  onRenew: () => void;
};

/** A file with its lines. */
export function ChangeFile(props: ChangeFileProps) {
  const { change, isOutdated, isOpen, isWorking, review, nameOf, onFold, onChoose, onRenew } = props;
  return (
    <>
      <FileRow
        change={change}
        isOutdated={isOutdated}
        isOpen={isOpen}
        chosen={chosenPart(props.selection, change)}
        isOff={review.isBusy}
        isWorking={isWorking}
        nameOf={nameOf}
        onFold={onFold}
        onChoose={() => onChoose(change)}
        onReviewed={() => review.markReviewed(change, change.reviewed !== change.revision)}
        onRenew={onRenew}
      />
      {isOpen && (
        <FileBody
          {...props}
          onChooseHunk={(hunkId) => onChoose(change, hunkId)}
          onReviewedHunk={(hunkId) => props.onReviewedHunk(change, hunkId)}
        />
      )}
    </>
  );
}
