import { visibleText } from "@holdfast/protocol";
import { Folder, GitBranch } from "lucide-react";
import { useState } from "react";
import { Exact } from "../design/index.ts";
import { useWorkspace } from "./places-store.ts";
import { type Placed, WorkspaceDialog } from "./workspace-dialog.tsx";

/** What branches of worktrees begin with; their directories are called by the rest. */
const OURS = /^holdfast\//;

/**
 * Where a session works, in a word: the branch of its worktree, or its directory; both are called alike, so that nothing moves when it is known which
 * of them it is. It leads to everything about the place.
 */
export function WorkspaceChip({ session, name }: { session: Placed; name: string }) {
  const { worktree } = useWorkspace(session.workspaceId);
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        title={visibleText(
          worktree === undefined ? session.directory : `${worktree.branch} at ${worktree.path}`,
          "line",
        )}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
        className="flex h-7 max-w-[45%] min-w-0 items-center gap-1 rounded-md px-1.5 text-xs text-ink-soft hover:bg-hover hover:text-ink pointer-coarse:h-11"
      >
        <span className="sr-only">Where it works: </span>
        {worktree === undefined ? (
          <Folder size={13} className="shrink-0" />
        ) : (
          <GitBranch size={13} className="shrink-0" />
        )}
        <Exact text={worktree?.branch.replace(OURS, "") ?? name} className="truncate" />
      </button>
      {isOpen && <WorkspaceDialog session={session} onClose={() => setOpen(false)} />}
    </>
  );
}
