import { HoldfastError, notFound } from "@holdfast/kernel";
import { isMessageEvent, type SessionId, type WorkspaceId } from "@holdfast/protocol";
import type { CommittedEvent, FeedPosition, ReplayPage, Store } from "../store/index.ts";
import { feedCursor, parseFeedCursor, parseSessionCursor } from "./cursor.ts";

/** What the event room reads of the store. */
export type EventStore = Pick<
  Store,
  | "storeId"
  | "feedOrder"
  | "onCommit"
  | "lastSeq"
  | "trimmedSeq"
  | "replaySession"
  | "replayFeed"
  | "lastPosition"
  | "getWorkspace"
>;

/** What a subscriber listens to: one session, one workspace, or everything; a feed with `messages: false` without what transcripts are made of. */
export type Target = { kind: "session"; sessionId: SessionId } | FeedTarget;
type FeedTarget =
  | { kind: "workspace"; workspaceId: WorkspaceId; messages?: boolean }
  /** With `sessionId` what a reader may see of everything who may see that session alone (I-21). */
  | { kind: "all"; sessionId?: SessionId; messages?: boolean };

/** Where a reader wants to go on: its cursor and the store that gave it. */
export type Resume = { cursor?: string | undefined; storeId?: string | undefined };

export type ResetReason = "retention" | "ahead" | "store";

/** An event as a reader of one log gets it. */
export type LogEvent = {
  readonly event: CommittedEvent;
  /** Goes on behind this event (`Resume`). */
  readonly cursor: string;
  /** In a session's log: the seq of the event that this reader got before (D-3). */
  readonly prev?: number | undefined;
};

/** What a stream says between events (D-23). */
export type Control =
  | { type: "hello"; data: { storeId: string; lastSeq: number } | { storeId: string; lastId: string } }
  /** The reader's cursor cannot go on; live events follow. */
  | { type: "reset"; data: { reason: ResetReason; lastSeq?: number } }
  | { type: "caught-up"; data: Record<string, never> };

/** One log as a reader sees it: where its events stand, what they are sent as, and how it is read again. Only the log knows what a `P` is. */
export type Log<P> = {
  /** The same for every subscriber of the same target. */
  readonly key: string;
  /** Before the oldest event. */
  readonly start: P;
  at(event: CommittedEvent): P;
  isAfter(place: P, other: P): boolean;
  /** The seq of a place; a feed has none. */
  seqAt(place: P): number | undefined;
  /** `prev` is as for a reader who has missed nothing, unless it is given. */
  entry(event: CommittedEvent, prev?: number): LogEvent;
  /** After this event nothing more can come. */
  ends(event: CommittedEvent): boolean;
  /** Without `at` another store gave the cursor. Rejects CURSOR_INVALID. */
  parse(cursor: string): { at?: P };
  /** Where the log ends now. Rejects NOT_FOUND. */
  last(): Promise<P>;
  /** Whether events after this place are gone by retention. */
  isTrimmed(place: P): Promise<boolean>;
  replay(after: P, limit: number): Promise<ReplayPage<P>>;
  hello(last: P): Control;
  reset(reason: ResetReason, last: P): Control;
};

export function sessionLog(store: EventStore, sessionId: SessionId): Log<number> {
  return {
    key: `ses ${sessionId}`,
    start: 0,
    at: (event) => event.seq ?? 0,
    isAfter: (seq, other) => seq > other,
    seqAt: (seq) => seq,
    entry: (event, prev = (event.seq ?? 1) - 1) => ({ event, cursor: String(event.seq), prev }),
    ends: (event) => event.type === "session.deleted",
    parse: (cursor) => ({ at: parseSessionCursor(cursor) }),
    async last() {
      const seq = await store.lastSeq(sessionId);
      if (seq === undefined) throw notFound("session", sessionId);
      return seq;
    },
    isTrimmed: async (seq) => seq > 0 && seq < (await store.trimmedSeq(sessionId)),
    replay: (after, limit) => store.replaySession({ sessionId, after, limit }),
    hello: (lastSeq) => ({ type: "hello", data: { storeId: store.storeId, lastSeq } }),
    reset: (reason, lastSeq) => ({ type: "reset", data: { reason, lastSeq } }),
  };
}

/** Positions of a feed outlive the trimming of single sessions, so a feed has no retention limit of its own. */
export function feedLog(store: EventStore, target: FeedTarget): Log<FeedPosition> {
  const workspaceId = target.kind === "workspace" ? target.workspaceId : undefined;
  const sessionId = target.kind === "all" ? target.sessionId : undefined;
  const { messages = true } = target;
  const key =
    sessionId !== undefined ? partOf(sessionId) : workspaceId === undefined ? "all" : `wsp ${workspaceId}`;
  const { feedOrder } = store;
  return {
    key: messages ? key : quiet(key),
    start: feedOrder.start,
    at: (event) => event.position,
    isAfter: (position, other) => feedOrder.isAfter(position, other),
    seqAt: () => undefined,
    entry: (event) => ({ event, cursor: feedCursor(store, event.position) }),
    ends: () => false,
    parse: (cursor) => parseFeedCursor(store, cursor),
    async last() {
      if (workspaceId !== undefined && (await store.getWorkspace(workspaceId)) === undefined)
        throw notFound("workspace", workspaceId);
      return store.lastPosition();
    },
    isTrimmed: () => Promise.resolve(false),
    replay: (after, limit) =>
      store.replayFeed({
        ...(workspaceId === undefined ? {} : { workspaceId }),
        ...(sessionId === undefined ? {} : { sessionId }),
        messages,
        after,
        limit,
      }),
    hello: (last) => ({ type: "hello", data: { storeId: store.storeId, lastId: feedCursor(store, last) } }),
    reset: (reason) => ({ type: "reset", data: { reason } }),
  };
}

/** The key of what the feed of everything has of one session. */
const partOf = (sessionId: string): string => `part ${sessionId}`;

/** The key of the same feed without messages. */
const quiet = (key: string): string => `${key} quiet`;

/** Keys of the logs that an event stands in. */
export function logKeys(event: CommittedEvent): string[] {
  const keys = ["all"];
  if (event.workspaceId !== undefined) keys.push(`wsp ${event.workspaceId}`);
  if (event.sessionId !== undefined) keys.push(partOf(event.sessionId));
  if (!isMessageEvent(event.type)) keys.push(...keys.map(quiet));
  if (event.sessionId !== undefined && event.seq !== undefined) keys.push(`ses ${event.sessionId}`);
  return keys;
}

/** Where a reader goes on, or why it cannot (D-23). Rejects CURSOR_INVALID and NOT_FOUND. */
export async function locate<P>(
  log: Log<P>,
  store: EventStore,
  resume: Resume,
): Promise<{ last: P; after?: P; reset?: ResetReason }> {
  const cursor = resume.cursor === undefined ? undefined : log.parse(resume.cursor);
  if (resume.storeId !== undefined && (resume.storeId === "" || resume.storeId.length > 256))
    throw new HoldfastError("CURSOR_INVALID", "The store id is not one that this server gave out.");
  const last = await log.last();
  if (cursor === undefined) return { last };
  if (cursor.at === undefined || (resume.storeId !== undefined && resume.storeId !== store.storeId))
    return { last, reset: "store" };
  if (log.isAfter(cursor.at, last)) return { last, reset: "ahead" };
  if (await log.isTrimmed(cursor.at)) return { last, reset: "retention" };
  return { last, after: cursor.at };
}
