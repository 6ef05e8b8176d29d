import { type Session, visibleText } from "@holdfast/protocol";
import { ArchiveRestore, Trash2 } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { useApp, useClient, useLibrary } from "../data/index.ts";
import { Button, Empty, Exact, IconButton, moment, Notice, Skeleton } from "../design/index.ts";
import { Link, navigate } from "../route/index.ts";
import { nameOf, OlderNote } from "../session-list/index.ts";

const DeleteSession = lazy(async () => ({
  default: (await import("../worktrees/index.ts")).DeleteSession,
}));

/** Sessions that were put away: to be read, brought back, or deleted for good. */
export function ArchiveView() {
  const { library } = useApp();
  const { archived, older } = useLibrary();
  const [problem, setProblem] = useState<string | undefined>();
  useEffect(() => {
    library.openArchive().catch((error: unknown) => setProblem(String(error)));
  }, [library]);
  const sessions = [...(archived?.values() ?? [])].toSorted(
    (a, b) => (b.time.archived ?? 0) - (a.time.archived ?? 0),
  );
  return (
    <div className="scroll-area flex-1">
      <div className="mx-auto flex w-full max-w-3xl flex-col gap-4 px-4 py-5">
        <h1 className="text-lg font-semibold">Archive</h1>
        {problem !== undefined && (
          <Notice tone="danger" role="alert">
            {problem}
          </Notice>
        )}
        {archived === undefined && problem === undefined && (
          <Skeleton lines={5} label="Reading the archive" />
        )}
        {archived !== undefined && sessions.length === 0 && (
          <Empty title="The archive is empty">Sessions that you archive leave the list and stay here.</Empty>
        )}
        {sessions.length > 0 && (
          <ul className="divide-y divide-line rounded-lg border border-line">
            {sessions.map((session) => (
              <ArchivedSession key={session.id} session={session} />
            ))}
          </ul>
        )}
        <OlderNote count={older.archived} />
      </div>
    </div>
  );
}

function ArchivedSession({ session }: { session: Session }) {
  const client = useClient();
  const { library } = useApp();
  const [isDeleting, setDeleting] = useState(false);
  const [problem, setProblem] = useState<string | undefined>();
  const tell = (error: unknown) => setProblem(error instanceof Error ? error.message : String(error));
  const bringBack = async () => {
    library.put(await client.patchSession(session.id, { archived: false }));
    navigate({ at: "session", sessionId: session.id });
  };
  return (
    <li className="flex flex-wrap items-center gap-2 px-3 py-2 text-sm">
      <Link to={{ at: "session", sessionId: session.id }} className="min-w-0 flex-1 basis-48">
        <Exact text={session.title} as="words" className="block truncate font-medium" />
        <span className="block truncate text-xs text-ink-faint">
          <Exact text={nameOf(session.directory)} /> · {session.agent} · {moment(session.time.updated)}
        </span>
      </Link>
      <Button size="small" onClick={() => void bringBack().catch(tell)}>
        <ArchiveRestore size={14} /> Bring back
      </Button>
      <IconButton label={`Delete ${visibleText(session.title, "words")}`} onClick={() => setDeleting(true)}>
        <Trash2 size={15} />
      </IconButton>
      {isDeleting && (
        <Suspense>
          <DeleteSession session={session} onClose={() => setDeleting(false)} />
        </Suspense>
      )}
      {problem !== undefined && (
        <p role="alert" className="basis-full text-danger">
          {problem}
        </p>
      )}
    </li>
  );
}
