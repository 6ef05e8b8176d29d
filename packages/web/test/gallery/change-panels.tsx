/** Changes and worktrees in their states, from what a real server answered. */
import { noChanges, withChangeList } from "@holdfast/client";
import type { ChangeList, UnwatchedTurn } from "@holdfast/protocol";
import { type ReactNode, useState } from "react";
import {
  type ChangesView,
  ConflictList,
  OperationList,
  type Review,
  ReviewPanel,
} from "../../src/changes/index.ts";
import { ProjectSettings, PruneList, RiskList, WorktreeRow } from "../../src/worktrees/index.ts";
import { PANELS } from "./recordings/index.ts";

const {
  agents,
  sessions,
  changes,
  directoryChanges,
  conflicts,
  operations,
  worktrees,
  projects,
  risk,
  prune,
} = PANELS;

const nothing = () => undefined;
/** Nobody is behind it. */
const INERT: Review = {
  isBusy: false,
  outcome: undefined,
  take: nothing,
  undo: nothing,
  markReviewed: nothing,
  comment: () => Promise.resolve(),
  loadPatch: () => Promise.resolve(),
  operations: () => Promise.resolve(operations),
  look: nothing,
  dismiss: nothing,
};

type Given = Partial<Pick<ChangesView, "phase" | "error">>;

function viewOf(list: ChangeList, given: Given = {}): ChangesView {
  const state = withChangeList(noChanges(list.items[0]?.workspaceId ?? ""), list);
  return { phase: "ready", state, isLooking: false, adopted: new Map(), ...given };
}

type PanelProps = { list: ChangeList; given?: Given; review?: Partial<Review>; isWorking?: boolean };

function Panel({ list, given, review, isWorking = false }: PanelProps) {
  const [view] = useState(() => viewOf(list, given));
  return (
    <div className="-m-4 flex h-150 overflow-hidden rounded-lg">
      <ReviewPanel
        view={view}
        review={{ ...INERT, ...review }}
        isWorking={isWorking}
        isQuiet
        nameOf={(id) => agents.find((agent) => agent.id === id)?.name ?? id}
        addresseesOf={() => sessions.slice(0, 1).map(({ id, title }) => ({ sessionId: id, title }))}
        onClose={nothing}
      />
    </div>
  );
}

const EMPTY: ChangeList = { ...changes, items: [] };
const OFF: ChangeList = {
  items: [],
  tracking: {
    ...changes.tracking,
    state: "off",
    reason: "The directory has more than 50,000 files.",
    uncaptured: [],
    uncapturedCount: 0,
    unwatched: [
      {
        turnId: "trn_00000000000000000000000000" as UnwatchedTurn["turnId"],
        sessionId: "ses_00000000000000000000000000" as UnwatchedTurn["sessionId"],
        reason: "The directory has more than 50,000 files.",
        time: 1_700_000_000_000,
      },
    ],
  },
};

const [first] = changes.items;
const asked = { verb: "take" as const, changes: [] };
const applied = { kind: "done", words: "Applied", paths: [first?.path ?? ""], operationId: "" } as const;

export const CHANGE_CASES: readonly { name: string; title: string; content: ReactNode }[] = [
  { name: "changes", title: "Changes of a worktree, of two agents", content: <Panel list={changes} /> },
  {
    name: "changes-directory",
    title: "Changes of the project's own directory",
    content: <Panel list={directoryChanges} />,
  },
  {
    name: "changes-working",
    title: "Changes while a turn works",
    content: <Panel list={changes} isWorking />,
  },
  {
    name: "changes-applied",
    title: "A change was applied",
    content: <Panel list={changes} review={{ outcome: applied }} />,
  },
  {
    name: "changes-diverged",
    title: "The branch has moved on",
    content: <Panel list={changes} review={{ outcome: { kind: "diverged", asked } }} />,
  },
  {
    name: "changes-refused",
    title: "Something is in the way",
    content: <Panel list={changes} review={{ outcome: { kind: "conflict", conflicts, asked } }} />,
  },
  { name: "changes-none", title: "No pending changes", content: <Panel list={EMPTY} /> },
  { name: "changes-off", title: "Changes are not followed", content: <Panel list={OFF} /> },
  {
    name: "changes-loading",
    title: "Changes being read",
    content: <Panel list={EMPTY} given={{ phase: "loading" }} />,
  },
  {
    name: "changes-failed",
    title: "Changes that could not be read",
    content: <Panel list={EMPTY} given={{ phase: "failed", error: "The storage is not available now." }} />,
  },
  { name: "conflict", title: "Both sides of a conflict", content: <ConflictList conflicts={conflicts} /> },
  {
    name: "operations",
    title: "Review history",
    content: <OperationList items={operations} isOff={false} onUndo={nothing} />,
  },
  {
    name: "worktrees",
    title: "Worktrees",
    content: (
      <ul aria-label="Worktrees" className="divide-y divide-line rounded-lg border border-line">
        {worktrees.map((worktree) => (
          <WorktreeRow key={worktree.id} worktree={worktree} sessions={[]} now={worktree.time.updated} />
        ))}
      </ul>
    ),
  },
  {
    name: "project",
    title: "How worktrees of a project are made",
    content: projects
      .slice(0, 1)
      .map((project) => <ProjectSettings key={project.id} project={project} onSaved={nothing} />),
  },
  { name: "risk", title: "What a deletion would lose", content: <RiskList report={risk} /> },
  {
    name: "risk-none",
    title: "A deletion that loses nothing",
    content: <RiskList report={{ ...risk, safe: true, risks: [] }} />,
  },
  { name: "prune", title: "What a clean-up would do", content: <PruneList report={prune} /> },
];
