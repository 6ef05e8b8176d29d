import { type Project, type Session, visibleText, type Worktree } from "@holdfast/protocol";
import { Brush, Settings2 } from "lucide-react";
import { useState } from "react";
import { useApp, useLibrary, useNow } from "../data/index.ts";
import { Button, Empty, Exact, IconButton, Notice, Skeleton } from "../design/index.ts";
import { type Places, usePlaces } from "./places-store.ts";
import { ProjectSettings } from "./project-settings.tsx";
import { PruneDialog } from "./prune-dialog.tsx";
import { WorktreeActions } from "./worktree-actions.tsx";
import { WorktreeRow } from "./worktree-row.tsx";

/** Every project with its worktrees: how they stand, who works there, and what is kept of those that are gone. */
export function WorktreesView() {
  const { places, store } = usePlaces();
  const { library } = useApp();
  const { projects } = useLibrary();
  const [isPruning, setPruning] = useState(false);
  return (
    <div className="scroll-area flex-1">
      <div className="mx-auto flex w-full max-w-3xl flex-col gap-5 px-4 py-5">
        <div className="flex items-center gap-2">
          <h1 className="flex-1 text-lg font-semibold">Worktrees</h1>
          <Button size="small" onClick={() => setPruning(true)}>
            <Brush size={14} /> Clean up
          </Button>
        </div>
        <Place places={places} isEmpty={projects.size === 0} onRead={() => void store.read()} />
        {[...projects.values()].map((project) => (
          <ProjectSection
            key={project.id}
            project={project}
            worktrees={ofProject(places, project)}
            onProject={(now) => library.putProject(now)}
            onWorktree={(now) => store.putWorktree(now)}
          />
        ))}
      </div>
      {isPruning && <PruneDialog onClose={() => setPruning(false)} onDone={() => void store.read()} />}
    </div>
  );
}

/** The oldest first, so that rows keep their places. */
const ofProject = ({ worktrees }: Places, { id }: Project): Worktree[] =>
  [...worktrees.values()]
    .filter(({ projectId }) => projectId === id)
    .toSorted((a, b) => a.time.created - b.time.created);

type PlaceProps = { places: Places; isEmpty: boolean; onRead: () => void };

function Place({ places: { phase, error }, isEmpty, onRead }: PlaceProps) {
  if (phase === "loading") return <Skeleton lines={5} label="Reading the worktrees" />;
  if (phase === "failed")
    return (
      <Notice
        tone="danger"
        role="alert"
        action={
          <Button size="small" onClick={onRead}>
            Try again
          </Button>
        }
      >
        The worktrees could not be read: {error}
      </Notice>
    );
  if (isEmpty)
    return (
      <Empty title="No projects yet">A project is here once a session was started in its directory.</Empty>
    );
  return null;
}

type ProjectSectionProps = {
  project: Project;
  worktrees: readonly Worktree[];
  onProject: (project: Project) => void;
  onWorktree: (worktree: Worktree) => void;
};

function ProjectSection({ project, worktrees, onProject, onWorktree }: ProjectSectionProps) {
  const [isSetting, setSetting] = useState(false);
  const { sessions, archived } = useLibrary();
  const now = useNow(60_000);
  const shown = visibleText(project.name, "line");
  const all: Session[] = [...sessions.values(), ...(archived?.values() ?? [])];
  return (
    <section aria-label={shown} className="rounded-lg border border-line">
      <header className="flex items-center gap-2 py-1.5 pr-1.5 pl-3">
        <h2 className="min-w-0 flex-1">
          <Exact text={project.name} className="block truncate font-semibold" />
          <Exact text={project.directory} className="block font-mono text-xs break-all text-ink-faint" />
        </h2>
        <IconButton
          label={`Settings of ${shown}`}
          aria-expanded={isSetting}
          onClick={() => setSetting(!isSetting)}
        >
          <Settings2 size={16} />
        </IconButton>
      </header>
      {isSetting && (
        <div className="border-t border-line bg-canvas">
          <ProjectSettings project={project} onSaved={onProject} />
        </div>
      )}
      {worktrees.length === 0 ? (
        <p className="border-t border-line px-3 py-2.5 text-sm text-ink-soft">
          No worktrees. A session can be given one when it is started.
        </p>
      ) : (
        <ul aria-label={`Worktrees of ${shown}`} className="divide-y divide-line border-t border-line">
          {worktrees.map((worktree) => (
            <WorktreeRow
              key={worktree.id}
              worktree={worktree}
              sessions={all.filter(({ workspaceId }) => workspaceId === worktree.workspaceId)}
              now={now}
              actions={<WorktreeActions worktree={worktree} onChange={onWorktree} />}
            />
          ))}
        </ul>
      )}
    </section>
  );
}
