import { type ChangeOperation, visibleText } from "@holdfast/protocol";
import { Undo2, X } from "lucide-react";
import { useEffect, useState } from "react";
import { Button, Dialog, IconButton, moment, Notice, Skeleton } from "../design/index.ts";
import type { Review } from "./use-review.ts";
import { OPERATION_WORDS } from "./words.ts";

const STATE_WORDS: Partial<Record<ChangeOperation["state"], string>> = {
  running: "under way",
  undone: "came to nothing",
  conflict: "cut off; a file was left alone",
};

/** What was applied, accepted and rejected here, each to be taken back exactly (W-7). */
export function OperationsDialog({ review, onClose }: { review: Review; onClose: () => void }) {
  const [items, setItems] = useState<readonly ChangeOperation[] | undefined>();
  const [problem, setProblem] = useState<string | undefined>();
  const { operations } = review;
  useEffect(() => {
    operations().then(setItems, (error: unknown) =>
      setProblem(error instanceof Error ? error.message : String(error)),
    );
  }, [operations]);
  return (
    <Dialog
      label="Review history"
      onClose={onClose}
      className="mt-[max(1rem,8dvh)] max-h-[84dvh] flex-col overflow-hidden open:flex"
    >
      <header className="flex shrink-0 items-center gap-2 border-b border-line py-2 pr-2 pl-4">
        <h2 className="flex-1 font-semibold">Review history</h2>
        <IconButton label="Close" onClick={onClose}>
          <X size={16} />
        </IconButton>
      </header>
      <div className="scroll-area min-h-0 p-4">
        {problem !== undefined && (
          <Notice tone="danger" role="alert">
            {problem}
          </Notice>
        )}
        {items === undefined ? (
          problem === undefined && <Skeleton lines={4} label="Reading what was done" />
        ) : (
          <OperationList
            items={items}
            isOff={review.isBusy}
            onUndo={(id) => {
              onClose();
              review.undo(id);
            }}
          />
        )}
      </div>
    </Dialog>
  );
}

type OperationListProps = {
  items: readonly ChangeOperation[];
  isOff: boolean;
  onUndo: (operationId: string) => void;
};

/** The newest first. */
export function OperationList({ items, isOff, onUndo }: OperationListProps) {
  if (items.length === 0)
    return <p className="text-sm text-ink-soft">Nothing was applied, accepted or rejected here yet.</p>;
  return (
    <ul className="divide-y divide-line rounded-lg border border-line">
      {items.map((operation) => (
        <li key={operation.operationId} className="flex items-center gap-3 px-3 py-2 text-sm">
          <span className="min-w-0 flex-1">
            <span className="font-medium">{OPERATION_WORDS[operation.kind]}</span>{" "}
            <span className="break-all text-ink-soft">
              {operation.paths
                .slice(0, 3)
                .map((path) => visibleText(path, "line"))
                .join(", ")}
            </span>
            {operation.paths.length > 3 && (
              <span className="text-ink-soft"> and {operation.paths.length - 3} more</span>
            )}
            <span className="block text-xs text-ink-faint">
              {moment(operation.time.created)}
              {STATE_WORDS[operation.state] !== undefined && ` · ${STATE_WORDS[operation.state]}`}
              {isTakenBack(operation, items) && " · undone since"}
            </span>
          </span>
          {canUndo(operation, items) && (
            <Button size="small" disabled={isOff} onClick={() => onUndo(operation.operationId)}>
              <Undo2 size={13} /> Undo
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

const isTakenBack = ({ operationId }: ChangeOperation, items: readonly ChangeOperation[]): boolean =>
  items.some(({ undoes, state }) => undoes === operationId && state === "done");

/** Whether an operation is there to be undone. */
export const canUndo = (operation: ChangeOperation, items: readonly ChangeOperation[]): boolean =>
  operation.state === "done" && operation.kind !== "undo" && !isTakenBack(operation, items);
