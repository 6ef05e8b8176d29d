import { HoldfastError, notFound } from "@holdfast/kernel";
import { isMessageEvent, type SessionId, type WorkspaceId } from "@holdfast/protocol";
import type { CommittedEvent, ReplayPage, Store } from "../store/index.ts";
import { feedCursor, parseFeedCursor, parseSessionCursor } from "./cursor.ts";
import { controlFrame, feedFrame, sessionFrame } from "./frame.ts";

/** What the event room reads of the store. */
export type EventStore = Pick<
  Store,
  | "storeId"
  | "onCommit"
  | "lastSeq"
  | "trimmedSeq"
  | "replaySession"
  | "replayFeed"
  | "lastPosition"
  | "getWorkspace"
>;

/** What a subscriber listens to: one session, one workspace, or everything; a feed with `messages: false` without what transcripts are made of. */
export type Target =
  | { kind: "session"; sessionId: SessionId }
  | { kind: "workspace"; workspaceId: WorkspaceId; messages?: boolean }
  | { kind: "all"; messages?: boolean };

/** Where a reader wants to go on: its cursor and the store that gave it. */
export type Resume = { cursor?: string | undefined; storeId?: string | undefined };

export type ResetReason = "retention" | "ahead" | "store";

/** One log as a reader sees it: where its events stand, how they are framed, and how it is read again. */
export type Log = {
  /** The same for every subscriber of the same target. */
  readonly key: string;
  /** Whether frames name the event before them (sessions do, feeds do not). */
  readonly chained: boolean;
  at(event: CommittedEvent): number;
  frame(event: CommittedEvent, prev: number): string;
  /** After this event nothing more can come. */
  ends(event: CommittedEvent): boolean;
  /** Rejects CURSOR_INVALID. */
  parse(cursor: string): { at: number; foreign: boolean };
  /** Where the log ends now. Rejects NOT_FOUND. */
  last(): Promise<number>;
  /** Events up to this place are gone by retention. */
  trimmed(): Promise<number>;
  replay(after: number, limit: number): Promise<ReplayPage>;
  hello(last: number): string;
  reset(reason: ResetReason, last: number): string;
};

/** The log of a target. */
export function openLog(store: EventStore, target: Target): Log {
  if (target.kind === "session") return sessionLog(store, target.sessionId);
  const workspaceId = target.kind === "workspace" ? target.workspaceId : undefined;
  return feedLog(store, workspaceId, target.messages ?? true);
}

function sessionLog(store: EventStore, sessionId: SessionId): Log {
  return {
    key: `ses ${sessionId}`,
    chained: true,
    at: (event) => event.seq ?? 0,
    frame: sessionFrame,
    ends: (event) => event.type === "session.deleted",
    parse: (cursor) => ({ at: parseSessionCursor(cursor), foreign: false }),
    async last() {
      const seq = await store.lastSeq(sessionId);
      if (seq === undefined) throw notFound("session", sessionId);
      return seq;
    },
    trimmed: () => store.trimmedSeq(sessionId),
    replay: (after, limit) => store.replaySession({ sessionId, after, limit }),
    hello: (lastSeq) => controlFrame("hello", { storeId: store.storeId, lastSeq }),
    reset: (reason, lastSeq) =>
      controlFrame("reset", {
        reason,
        lastSeq,
        state: [
          `/api/sessions/${sessionId}`,
          `/api/sessions/${sessionId}/messages`,
          `/api/sessions/${sessionId}/inputs?state=queued`,
        ],
      }),
  };
}

/** Positions of a feed outlive the trimming of single sessions, so a feed has no retention limit of its own. */
function feedLog(store: EventStore, workspaceId: WorkspaceId | undefined, messages: boolean): Log {
  const key = workspaceId === undefined ? "all" : `wsp ${workspaceId}`;
  return {
    key: messages ? key : quiet(key),
    chained: false,
    at: (event) => event.position,
    frame: (event) => feedFrame(event, feedCursor(store.storeId, event.position)),
    ends: () => false,
    parse(cursor) {
      const { position, foreign } = parseFeedCursor(store.storeId, cursor);
      return { at: position, foreign };
    },
    async last() {
      if (workspaceId !== undefined && (await store.getWorkspace(workspaceId)) === undefined)
        throw notFound("workspace", workspaceId);
      return store.lastPosition();
    },
    trimmed: () => Promise.resolve(0),
    replay: (after, limit) =>
      store.replayFeed({ ...(workspaceId === undefined ? {} : { workspaceId }), messages, after, limit }),
    hello: (last) =>
      controlFrame("hello", { storeId: store.storeId, lastId: feedCursor(store.storeId, last) }),
    reset: (reason) => controlFrame("reset", { reason, state: ["/api/sessions", "/api/permissions"] }),
  };
}

/** The key of the same feed without messages. */
const quiet = (key: string): string => `${key} quiet`;

/** Keys of the logs that an event stands in. */
export function logKeys(event: CommittedEvent): string[] {
  const keys = ["all"];
  if (event.workspaceId !== undefined) keys.push(`wsp ${event.workspaceId}`);
  if (!isMessageEvent(event.type)) keys.push(...keys.map(quiet));
  if (event.sessionId !== undefined && event.seq !== undefined) keys.push(`ses ${event.sessionId}`);
  return keys;
}

/** Where a reader goes on, or why it cannot (D-23). Rejects CURSOR_INVALID and NOT_FOUND. */
export async function locate(
  log: Log,
  store: EventStore,
  resume: Resume,
): Promise<{ last: number; after?: number; reset?: ResetReason }> {
  const cursor = resume.cursor === undefined ? undefined : log.parse(resume.cursor);
  if (resume.storeId !== undefined && (resume.storeId === "" || resume.storeId.length > 256))
    throw new HoldfastError("CURSOR_INVALID", "The store id is not one that this server gave out.");
  const last = await log.last();
  if (cursor === undefined) return { last };
  if (cursor.foreign || (resume.storeId !== undefined && resume.storeId !== store.storeId))
    return { last, reset: "store" };
  if (cursor.at > last) return { last, reset: "ahead" };
  if (cursor.at > 0 && cursor.at < (await log.trimmed())) return { last, reset: "retention" };
  return { last, after: cursor.at };
}
