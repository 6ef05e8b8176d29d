/**
 * Which rows of a shared session an event changes (S-3, S-20). The log writes a mark per key in the transaction of the change, for each share that takes
 * marks; a type that the table does not name does not compile. A session or workspace that nobody shares costs no statement.
 */
import type { EventData, EventType, ShareKey } from "@holdfast/protocol";
import type { Write } from "./sql.ts";

type Keys<T extends EventType> = (data: EventData<T>) => ShareKey[];

/** Nothing that a share shows. */
const none = (): ShareKey[] => [];
const session = (): ShareKey[] => ["session"];
const part = ({ partId }: { partId: string }): ShareKey[] => [`part:${partId}`];

const KEYS: { readonly [T in EventType]: Keys<T> } = {
  "session.created": none,
  "session.updated": () => ["session", "usage"],
  // The end of its session is the end of its shares too, or their detachment: `endShares`.
  "session.deleted": none,
  "session.status": session,
  "session.compacted": none,
  "input.admitted": none,
  "input.updated": none,
  "input.delivered": none,
  "input.removed": none,
  "turn.queued": none,
  "turn.started": none,
  "turn.updated": none,
  "turn.finalizing": none,
  "turn.completed": none,
  "turn.failed": none,
  "turn.aborted": none,
  "step.started": none,
  "step.finished": none,
  "message.updated": ({ message }) =>
    message.role === "assistant" ? [`message:${message.id}`, "models"] : [`message:${message.id}`],
  "message.removed": ({ messageId }) => [`message:${messageId}`, "models"],
  "message.part.updated": (data) => [`part:${data.part.id}`],
  "message.part.removed": part,
  "message.part.delta": part,
  "permission.asked": none,
  "permission.replied": none,
  "permission.expired": none,
  "question.asked": none,
  "question.replied": none,
  "question.expired": none,
  "agent.notice": none,
  "agent.raw": none,
  "agent.late": none,
  "agent.session.updated": none,
  "todo.updated": none,
  "project.updated": none,
  "workspace.updated": none,
  "worktree.updated": none,
  "ref.updated": none,
  "comment.added": none,
  "change.updated": ({ change }) => [`change:${change.id}`],
  "share.updated": none,
};

/** States in which a share takes marks. */
export const TAKES_MARKS = "state NOT IN ('revoking', 'revoked', 'expired', 'detached')";

/** How a key that is marked already is marked: what was read of it before is not the newest any more. */
export const AGAIN = "ON CONFLICT (share, key) DO UPDATE SET version = version + 1";

const OF_SESSION = `INSERT INTO share_dirty (share, key, time)
  SELECT h.rid, ?, ? FROM session s JOIN share h ON h.session_id = s.id AND h.${TAKES_MARKS} WHERE s.rid = ? ${AGAIN}`;

const OF_WORKSPACE = `INSERT INTO share_dirty (share, key, time)
  SELECT h.rid, ?, ? FROM session s JOIN share h ON h.session_id = s.id AND h.${TAKES_MARKS} WHERE s.workspace = ? ${AGAIN}`;

/** Marks what an event of a session changes, in the shares of this session. */
export function markSession<T extends EventType>(
  write: Write,
  head: { rid: number; shared: number },
  type: T,
  data: EventData<T>,
): void {
  if (head.shared === 0) return;
  for (const key of KEYS[type](data)) write.run(OF_SESSION, key, write.now, head.rid);
}

/** Marks what an event of no session changes, in the shares of all sessions that work in this workspace: which of them had a part in it, the freeze says. */
export function markWorkspace<T extends EventType>(
  write: Write,
  head: { rid: number; shared?: number | undefined } | undefined,
  type: T,
  data: EventData<T>,
): void {
  if (head === undefined || head.shared !== 1) return;
  for (const key of KEYS[type](data)) write.run(OF_WORKSPACE, key, write.now, head.rid);
}

/** Marks one key of one share. */
export function markKey(write: Write, share: number, key: ShareKey): void {
  write.run(`INSERT INTO share_dirty (share, key, time) VALUES (?, ?, ?) ${AGAIN}`, share, key, write.now);
}
