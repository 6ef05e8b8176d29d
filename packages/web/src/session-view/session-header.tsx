import type { SessionState } from "@holdfast/client";
import { visibleText } from "@holdfast/protocol";
import { Archive, Check, CornerLeftUp, Folder, History, Pencil } from "lucide-react";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { useApp, useClient } from "../data/index.ts";
import { Exact, IconButton } from "../design/index.ts";
import { Link, navigate } from "../route/index.ts";
import { nameOf } from "../session-list/index.ts";
import { ModePicker } from "./mode-picker.tsx";
import { UsageMeter } from "./usage-meter.tsx";

const ShareButton = lazy(async () => ({ default: (await import("../sharing/index.ts")).ShareButton }));
const WorkspaceChip = lazy(async () => ({
  default: (await import("../worktrees/index.ts")).WorkspaceChip,
}));

type SessionHeaderProps = {
  state: SessionState;
  /** More to press, of a session that is really there; without it the header only tells. */
  tools?: ReactNode;
};

/** Which session this is, where it works, how much it may do, what it used. */
export function SessionHeader({ state, tools }: SessionHeaderProps) {
  const { session } = state;
  if (session === undefined) return null;
  return (
    <header className="flex min-h-11 shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-1.5">
      {session.parentId !== undefined && (
        <Link
          to={{ at: "session", sessionId: session.parentId }}
          className="inline-flex h-8 shrink-0 items-center gap-1 rounded-md px-1.5 text-sm text-accent hover:bg-hover pointer-coarse:h-11"
        >
          <CornerLeftUp size={15} /> Parent session
        </Link>
      )}
      <Title id={session.id} title={session.title} />
      {tools === undefined ? (
        <Directory directory={session.directory} />
      ) : (
        <Suspense fallback={<Directory directory={session.directory} />}>
          <WorkspaceChip session={session} name={nameOf(session.directory)} />
        </Suspense>
      )}
      <div className="ml-auto flex min-w-0 items-center gap-1">
        <ModePicker session={session} />
        <UsageMeter usage={session.usage} />
        {tools}
        <Link
          to={{ at: "timeline", sessionId: session.id }}
          aria-label="Timeline"
          title="Timeline (T)"
          className="inline-flex size-8 shrink-0 items-center justify-center rounded-md text-ink-soft hover:bg-hover hover:text-ink pointer-coarse:size-11"
        >
          <History size={16} />
        </Link>
        {tools !== undefined && (
          <Suspense fallback={<span className="size-8 shrink-0 pointer-coarse:size-11" />}>
            <ShareButton session={session} />
          </Suspense>
        )}
        <ArchiveButton id={session.id} />
      </div>
    </header>
  );
}

function Directory({ directory }: { directory: string }) {
  return (
    <span
      className="flex h-7 max-w-[45%] min-w-0 items-center gap-1 px-1.5 text-xs text-ink-soft pointer-coarse:h-11"
      title={visibleText(directory, "line")}
    >
      <Folder size={13} className="shrink-0" />
      <Exact text={nameOf(directory)} className="truncate" />
    </span>
  );
}

function Title({ id, title }: { id: string; title: string }) {
  const client = useClient();
  const [edited, setEdited] = useState<string | undefined>();
  const save = () => {
    const next = edited?.trim();
    setEdited(undefined);
    if (next !== undefined && next !== "" && next !== title) void client.patchSession(id, { title: next });
  };
  if (edited === undefined)
    return (
      <h1 className="flex min-w-0 flex-1 basis-40 items-center gap-1 sm:max-w-1/2 sm:flex-none sm:basis-auto text-base font-semibold">
        <Exact text={title} as="words" className="truncate" />
        <IconButton label="Rename" onClick={() => setEdited(title)}>
          <Pencil size={14} />
        </IconButton>
      </h1>
    );
  return (
    <form
      className="flex min-w-0 flex-1 items-center gap-1"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <input
        value={edited}
        autoFocus
        maxLength={500}
        aria-label="Title"
        dir="auto"
        onChange={(event) => setEdited(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && setEdited(undefined)}
        className="h-8 min-w-0 flex-1 rounded-md border border-line-strong bg-surface px-2 pointer-coarse:h-11"
      />
      <IconButton label="Save the title" type="submit">
        <Check size={15} />
      </IconButton>
    </form>
  );
}

function ArchiveButton({ id }: { id: string }) {
  const client = useClient();
  const { library } = useApp();
  const archive = async () => {
    library.put(await client.patchSession(id, { archived: true }));
    navigate({ at: "home" });
  };
  return (
    <IconButton label="Archive" onClick={() => void archive()}>
      <Archive size={16} />
    </IconButton>
  );
}
