import type { PruneReport } from "@holdfast/protocol";
import { Brush, X } from "lucide-react";
import { useEffect, useState } from "react";
import { useClient } from "../data/index.ts";
import { Button, Dialog, Exact, IconButton, Notice, Skeleton } from "../design/index.ts";
import { PRUNE_WORDS } from "./words.ts";

/** Cleans up: first what would be done, then it is done (W-12). */
export function PruneDialog({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const client = useClient();
  const [report, setReport] = useState<PruneReport | undefined>();
  const [problem, setProblem] = useState<string | undefined>();
  const [isAsked, setAsked] = useState(false);
  const tell = (error: unknown) => setProblem(error instanceof Error ? error.message : String(error));
  useEffect(() => {
    client.pruneWorktrees({ dryRun: true }).then(setReport, tell);
  }, [client]);
  const prune = async () => {
    setAsked(true);
    try {
      setReport(await client.pruneWorktrees({ dryRun: false }));
      onDone();
    } catch (error) {
      tell(error);
    } finally {
      setAsked(false);
    }
  };
  const isNeeded =
    report?.dryRun === true &&
    report.items.some(({ action }) => action === "removed" || action === "rescued");
  return (
    <Dialog
      label="Clean up worktrees"
      onClose={onClose}
      className="mt-[max(1rem,8dvh)] max-h-[84dvh] flex-col overflow-hidden open:flex"
    >
      <header className="flex shrink-0 items-center gap-2 border-b border-line py-2 pr-2 pl-4">
        <h2 className="flex-1 font-semibold">Clean up worktrees</h2>
        <IconButton label="Close" onClick={onClose}>
          <X size={16} />
        </IconButton>
      </header>
      <div className="scroll-area flex min-h-32 flex-col gap-3 p-4">
        {problem !== undefined && (
          <Notice tone="danger" role="alert">
            {problem}
          </Notice>
        )}
        {report === undefined && problem === undefined && (
          <Skeleton lines={4} label="Looking at every worktree" />
        )}
        {report !== undefined && <PruneList report={report} />}
      </div>
      <footer className="flex shrink-0 justify-end gap-2 border-t border-line px-4 py-2.5">
        {isNeeded && (
          <Button tone="primary" disabled={isAsked} onClick={() => void prune()}>
            <Brush size={14} /> Clean up
          </Button>
        )}
        <Button onClick={onClose}>Close</Button>
      </footer>
    </Dialog>
  );
}

/** What a pass does or did with each directory, and why. */
export function PruneList({ report: { dryRun, items } }: { report: PruneReport }) {
  if (items.length === 0) return <p className="text-sm text-ink-soft">There is nothing to clean up.</p>;
  return (
    <ul aria-label="Directories" className="divide-y divide-line rounded-lg border border-line">
      {items.map(({ path, action, reason }) => (
        <li key={path} className="flex flex-col gap-0.5 px-3 py-2 text-sm">
          <Exact text={path} className="font-mono text-xs break-all" />
          <span>
            <span className={action === "unknown" ? "text-attention" : "font-medium"}>
              {PRUNE_WORDS[action][dryRun ? "would" : "did"]}
            </span>
            <span className="text-ink-soft">
              : <Exact text={reason} as="words" />
            </span>
          </span>
        </li>
      ))}
    </ul>
  );
}
