import { EVENT_DATA, type EventType } from "@holdfast/protocol";

/** Stored numbers of the event types: they are on disk, so a number is never given to another type. */
const CODES: Record<EventType, number> = {
  "session.created": 1,
  "session.updated": 2,
  "session.deleted": 3,
  "session.status": 4,
  "session.compacted": 5,
  "input.admitted": 10,
  "input.updated": 11,
  "input.delivered": 12,
  "input.removed": 13,
  "turn.queued": 20,
  "turn.started": 21,
  "turn.updated": 22,
  "turn.finalizing": 23,
  "turn.completed": 24,
  "turn.failed": 25,
  "turn.aborted": 26,
  "step.started": 30,
  "step.finished": 31,
  "message.updated": 40,
  "message.removed": 41,
  "message.part.updated": 42,
  "message.part.removed": 43,
  "message.part.delta": 44,
  "permission.asked": 50,
  "permission.replied": 51,
  "permission.expired": 52,
  "question.asked": 53,
  "question.replied": 54,
  "question.expired": 55,
  "agent.notice": 60,
  "agent.raw": 61,
  "agent.late": 62,
  "agent.session.updated": 63,
  "todo.updated": 70,
  "project.updated": 80,
  "workspace.updated": 81,
  "worktree.updated": 82,
  "change.updated": 83,
  "ref.updated": 85,
  "comment.added": 90,
  "share.updated": 84,
};

const TYPES = new Map(Object.entries(CODES).map(([type, code]) => [code, type as EventType]));

export const eventCode = (type: EventType): number => CODES[type];

export function eventType(code: number): EventType {
  const type = TYPES.get(code);
  if (type === undefined) throw new Error(`Event code ${code} is not known to this program.`);
  return type;
}

/** Which row an event of this type stands for; `payload` types keep their own data (D-4). */
export type EventRow =
  | "session"
  | "status"
  | "todos"
  | "input"
  | "turn"
  | "message"
  | "part"
  | "permission"
  | "question"
  | "agentSession"
  | "project"
  | "workspace"
  | "worktree"
  | "change"
  | "comment"
  | "ref"
  | "share"
  | "delta"
  | "payload";

const FAMILIES: [prefix: string, row: EventRow][] = [
  ["session.status", "status"],
  ["session.deleted", "payload"],
  ["session.compacted", "payload"],
  ["session.", "session"],
  ["input.", "input"],
  ["turn.", "turn"],
  ["message.updated", "message"],
  ["message.part.updated", "part"],
  ["message.part.delta", "delta"],
  ["permission.", "permission"],
  ["question.", "question"],
  ["agent.session.updated", "agentSession"],
  ["todo.updated", "todos"],
  ["project.updated", "project"],
  ["workspace.updated", "workspace"],
  ["worktree.updated", "worktree"],
  ["change.updated", "change"],
  ["comment.added", "comment"],
  ["ref.updated", "ref"],
  ["share.updated", "share"],
];

const ROWS = Object.fromEntries(
  Object.keys(EVENT_DATA).map((type) => [
    type,
    FAMILIES.find(([prefix]) => type.startsWith(prefix))?.[1] ?? "payload",
  ]),
) as Record<EventType, EventRow>;

export const eventRow = (type: EventType): EventRow => ROWS[type];
