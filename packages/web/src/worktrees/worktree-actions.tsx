import { visibleText, type Worktree } from "@holdfast/protocol";
import { ArchiveRestore, Plus, Trash2 } from "lucide-react";
import { useCallback, useState } from "react";
import { useClient } from "../data/index.ts";
import { Button, IconButton } from "../design/index.ts";
import { navigate } from "../route/index.ts";
import { type Confirmed, RiskDialog } from "./risk-dialog.tsx";
import { waysBack } from "./words.ts";

type WorktreeActionsProps = { worktree: Worktree; onChange: (worktree: Worktree) => void };

const WAYS = {
  rescue: { words: "Restore", title: "With everything that is in the rescue" },
  base: { words: "Make anew", title: "As it was at the beginning, from the commit it was made of" },
} as const;

/** What can be done with a worktree as it stands. */
export function WorktreeActions({ worktree, onChange }: WorktreeActionsProps) {
  const client = useClient();
  const [isAsked, setAsked] = useState(false);
  const [isDeleting, setDeleting] = useState(false);
  const [problem, setProblem] = useState<string | undefined>();
  const { id, state, branch, workspaceId } = worktree;
  const look = useCallback(() => client.worktreeRisk(id), [client, id]);
  const restore = async (from: "rescue" | "base") => {
    setAsked(true);
    setProblem(undefined);
    try {
      onChange(await client.restoreWorktree(id, { from }));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setAsked(false);
    }
  };
  const remove = async (confirmed: Confirmed) => {
    onChange(await client.deleteWorktree(id, confirmed));
  };
  return (
    <>
      {state === "active" && (
        <Button
          size="small"
          title="A session that works in this worktree"
          onClick={() => navigate({ at: "new", workspace: workspaceId })}
        >
          <Plus size={14} /> Session
        </Button>
      )}
      {waysBack(worktree).map((from) => (
        <Button
          key={from}
          size="small"
          title={WAYS[from].title}
          disabled={isAsked}
          onClick={() => void restore(from)}
        >
          <ArchiveRestore size={14} /> {WAYS[from].words}
        </Button>
      ))}
      {(state === "active" || state === "archived" || state === "lost") && (
        <IconButton label={`Delete ${visibleText(branch, "line")}`} onClick={() => setDeleting(true)}>
          <Trash2 size={15} />
        </IconButton>
      )}
      {problem !== undefined && (
        <p role="alert" className="basis-full text-sm text-danger">
          {problem}
        </p>
      )}
      {isDeleting && (
        <RiskDialog
          title={`Delete ${branch}`}
          meaning="Its directory and its branch go. Its sessions stay readable."
          canSkipTeardown
          onLook={look}
          onDelete={remove}
          onClose={() => setDeleting(false)}
        />
      )}
    </>
  );
}
