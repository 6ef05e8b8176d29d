import type { Session, Workspace, Worktree } from "@holdfast/protocol";
import { Plus, Trash2, X } from "lucide-react";
import { useCallback, useState } from "react";
import { useClient, useLibrary } from "../data/index.ts";
import { Button, Chip, Dialog, Exact, IconButton, Skeleton } from "../design/index.ts";
import { Link, navigate } from "../route/index.ts";
import { useWorkspace } from "./places-store.ts";
import { type Confirmed, RiskDialog } from "./risk-dialog.tsx";
import { STATE_WORDS } from "./words.ts";

/** Of a session: which it is, and where it works. */
export type Placed = Pick<Session, "id" | "title" | "directory" | "workspaceId">;

type WorkspaceDialogProps = { session: Placed; onClose: () => void };

/** The place where a session works: what it is, who else works there, and whether they work one at a time. */
export function WorkspaceDialog({ session, onClose }: WorkspaceDialogProps) {
  const { workspace, worktree, store } = useWorkspace(session.workspaceId);
  const [isDeleting, setDeleting] = useState(false);
  if (isDeleting)
    return <DeleteSession session={session} onDeleted={() => navigate({ at: "home" })} onClose={onClose} />;
  return (
    <Dialog
      label="Where it works"
      onClose={onClose}
      className="mt-[max(1rem,8dvh)] max-h-[84dvh] flex-col overflow-hidden open:flex"
    >
      <header className="flex shrink-0 items-center gap-2 border-b border-line py-2 pr-2 pl-4">
        <h2 className="flex-1 font-semibold">Where it works</h2>
        <IconButton label="Close" onClick={onClose}>
          <X size={16} />
        </IconButton>
      </header>
      <div className="scroll-area flex min-h-48 flex-col gap-4 p-4 text-sm">
        {workspace === undefined ? (
          <Skeleton lines={5} label="Reading the workspace" />
        ) : (
          <>
            <Facts workspace={workspace} worktree={worktree} />
            <Concurrency workspace={workspace} onChange={(now) => store.putWorkspace(now)} />
            <Beside session={session} />
          </>
        )}
      </div>
      <footer className="flex shrink-0 flex-wrap items-center gap-2 border-t border-line px-4 py-2.5">
        <Button
          size="small"
          onClick={() => {
            onClose();
            navigate({ at: "new", workspace: session.workspaceId });
          }}
        >
          <Plus size={14} /> Another session here
        </Button>
        <Link
          to={{ at: "worktrees" }}
          className="inline-flex items-center text-xs text-accent underline underline-offset-2 pointer-coarse:min-h-11"
        >
          All worktrees
        </Link>
        <Button size="small" tone="danger" className="ml-auto" onClick={() => setDeleting(true)}>
          <Trash2 size={14} /> Delete the session
        </Button>
      </footer>
    </Dialog>
  );
}

function Facts({ workspace, worktree }: { workspace: Workspace; worktree: Worktree | undefined }) {
  const state = worktree === undefined ? undefined : STATE_WORDS[worktree.state];
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
      <dt className="text-ink-soft">Kind</dt>
      <dd>{workspace.kind === "worktree" ? "a git worktree of its own" : "the project's own directory"}</dd>
      {worktree !== undefined && state !== undefined && (
        <>
          <dt className="text-ink-soft">Branch</dt>
          <dd className="flex flex-wrap items-center gap-2">
            <code className="font-mono text-xs break-all">
              <Exact text={worktree.branch} />
            </code>
            <Chip tone={state.tone} title={state.meaning}>
              {state.word}
            </Chip>
          </dd>
        </>
      )}
      <dt className="text-ink-soft">Directory</dt>
      <dd className="font-mono text-xs leading-5 break-all">
        <Exact text={workspace.directory} />
      </dd>
    </dl>
  );
}

const CHOICES: Record<Workspace["concurrency"], { words: string; meaning: string }> = {
  exclusive: {
    words: "One turn at a time",
    meaning: "Turns that may change files wait for each other, and each change has one author.",
  },
  shared: {
    words: "Turns beside each other",
    meaning: "Turns overlap. Where nothing shows who changed a file, it says so.",
  },
};

type ConcurrencyProps = { workspace: Workspace; onChange: (workspace: Workspace) => void };

/** Whether sessions that share the place work one at a time. */
function Concurrency({ workspace, onChange }: ConcurrencyProps) {
  const client = useClient();
  const [problem, setProblem] = useState<string | undefined>();
  const change = (concurrency: Workspace["concurrency"]) => {
    setProblem(undefined);
    client.patchWorkspace(workspace.id, { concurrency }).then(onChange, (error: unknown) => {
      setProblem(error instanceof Error ? error.message : String(error));
    });
  };
  return (
    <fieldset className="flex flex-col gap-1.5">
      <legend className="pb-1 font-medium">Turns here</legend>
      {(Object.keys(CHOICES) as Workspace["concurrency"][]).map((name) => (
        <label key={name} className="flex items-start gap-2 pointer-coarse:min-h-11">
          <input
            type="radio"
            name="concurrency"
            checked={workspace.concurrency === name}
            onChange={() => change(name)}
            className="mt-0.5 size-4 shrink-0 accent-accent"
          />
          <span>
            {CHOICES[name].words}
            <span className="block text-xs text-ink-soft">{CHOICES[name].meaning}</span>
          </span>
        </label>
      ))}
      {problem !== undefined && (
        <p role="alert" className="text-danger">
          {problem}
        </p>
      )}
    </fieldset>
  );
}

/** Other sessions of the same place. */
function Beside({ session }: { session: Placed }) {
  const { sessions } = useLibrary();
  const others = [...sessions.values()].filter(
    ({ id, workspaceId }) => id !== session.id && workspaceId === session.workspaceId,
  );
  if (others.length === 0) return <p className="text-ink-soft">No other session works here.</p>;
  return (
    <section aria-label="Sessions beside it">
      <h3 className="pb-1 font-medium">Beside it</h3>
      <ul className="flex flex-col">
        {others.map(({ id, title }) => (
          <li key={id}>
            <Link
              to={{ at: "session", sessionId: id }}
              className="inline-flex items-center text-accent underline underline-offset-2 pointer-coarse:min-h-11"
            >
              <Exact text={title} as="words" />
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

type DeleteSessionProps = {
  session: Pick<Session, "id" | "title">;
  onDeleted?: () => void;
  onClose: () => void;
};

/** Deletes a session for good; its worktree goes with it when nobody else works there. */
export function DeleteSession({ session: { id, title }, onDeleted, onClose }: DeleteSessionProps) {
  const client = useClient();
  const look = useCallback(() => client.sessionRisk(id), [client, id]);
  const remove = async ({ discard }: Confirmed) => {
    await client.deleteSession(id, { discard });
    onDeleted?.();
  };
  return (
    <RiskDialog
      title={`Delete ${title}`}
      meaning="The session and everything that was said in it goes for good. A worktree that nobody else works in goes with it."
      onLook={look}
      onDelete={remove}
      onClose={onClose}
    />
  );
}
