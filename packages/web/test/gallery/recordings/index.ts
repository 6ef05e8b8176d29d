import type {
  Agent,
  ChangeConflict,
  ChangeList,
  ChangeOperation,
  LiveAgentList,
  PermissionRule,
  Project,
  PruneReport,
  RiskReport,
  Session,
  SessionEvent,
  Worktree,
} from "@holdfast/protocol";

const files = import.meta.glob<string>("./*.jsonl", { eager: true, query: "?raw", import: "default" });

const eventsOf = (text: string): SessionEvent[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as SessionEvent);

/** Sessions as `test/gallery/record.ts` recorded them from a real server, by name: every event that a live reader heard. */
export const RECORDINGS: ReadonlyMap<string, readonly SessionEvent[]> = new Map(
  Object.entries(files).map(([path, text]) => [path.replace(/^\.\/|\.jsonl$/g, ""), eventsOf(text)]),
);

const [panels = ""] = Object.values(
  import.meta.glob<string>("./panels.ndjson", { eager: true, query: "?raw", import: "default" }),
);

/** Lists as the same script had them from a server. */
export const PANELS = Object.fromEntries(
  panels
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as [string, unknown]),
) as {
  agents: Agent[];
  rules: PermissionRule[];
  sessions: Session[];
  live: LiveAgentList;
  changes: ChangeList;
  directoryChanges: ChangeList;
  conflicts: ChangeConflict[];
  operations: ChangeOperation[];
  worktrees: Worktree[];
  projects: Project[];
  risk: RiskReport;
  prune: PruneReport;
};
