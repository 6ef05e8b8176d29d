import { type ChangeConflict, visibleText } from "@holdfast/protocol";
import { X } from "lucide-react";
import { Button, Dialog, Exact, IconButton } from "../design/index.ts";
import { DiffView } from "../transcript/index.ts";
import { conflictWords } from "./words.ts";

type ConflictDialogProps = {
  conflicts: readonly ChangeConflict[];
  onClose: () => void;
  /** Takes what is not in the way; absent when nothing is left. */
  onRest: (() => void) | undefined;
};

/** Files that a merge could not decide: what happened to each on both sides since they were the same. */
export function ConflictDialog({ conflicts, onClose, onRest }: ConflictDialogProps) {
  return (
    <Dialog
      label="Conflicts"
      onClose={onClose}
      className="mt-[max(1rem,6dvh)] max-h-[88dvh] w-[min(72rem,calc(100vw-2rem))] flex-col overflow-hidden open:flex"
    >
      <header className="flex shrink-0 items-center gap-2 border-b border-line py-2 pr-2 pl-4">
        <h2 className="flex-1 font-semibold">Conflicts</h2>
        <IconButton label="Close" onClick={onClose}>
          <X size={16} />
        </IconButton>
      </header>
      <div className="scroll-area flex min-h-0 flex-col gap-6 p-4">
        <p className="text-sm text-ink-soft">
          Nothing was written. Take what fits and leave these out, or ask an agent to bring its change up to
          what is in the project, and try again.
        </p>
        <ConflictList conflicts={conflicts} />
      </div>
      <footer className="flex shrink-0 flex-wrap justify-end gap-2 border-t border-line px-4 py-2.5">
        {onRest !== undefined && (
          <Button tone="primary" onClick={onRest}>
            Leave these out and take the rest
          </Button>
        )}
        <Button onClick={onClose}>Close</Button>
      </footer>
    </Dialog>
  );
}

/** Each file with what both sides did to it. */
export function ConflictList({ conflicts }: { conflicts: readonly ChangeConflict[] }) {
  return conflicts.map((conflict) => <Conflict key={conflict.path} conflict={conflict} />);
}

function Conflict({ conflict: { path, reason, texts } }: { conflict: ChangeConflict }) {
  return (
    <section aria-label={visibleText(path, "line")} className="flex flex-col gap-2">
      <h3 className="font-mono text-sm font-medium break-all">
        <Exact text={path} />
      </h3>
      <p className="text-sm text-ink-soft">{conflictWords(reason)}</p>
      {texts !== undefined && (
        <div className="grid gap-3 lg:grid-cols-2">
          <Side title="In the project" path={path} base={texts.base} text={texts.ours} />
          <Side title="In this change" path={path} base={texts.base} text={texts.theirs} />
        </div>
      )}
    </section>
  );
}

/** What one side did since both were the same; where nothing was the same, its whole text. */
function Side(props: { title: string; path: string; base: string | undefined; text: string | undefined }) {
  const { title, path, base, text } = props;
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <h4 className="text-xs font-medium text-ink-soft">{title}</h4>
      {text === undefined && base === undefined ? (
        <p className="text-sm text-ink-faint">Not there.</p>
      ) : (
        <DiffView
          diff={{ path: text === undefined ? `${path} (deleted)` : path, oldText: base, newText: text ?? "" }}
        />
      )}
    </div>
  );
}
