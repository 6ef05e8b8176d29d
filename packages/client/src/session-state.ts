/** What a client knows of one session. The values are immutable: a change makes new objects along its path and keeps all others. */
import type {
  AgentSession,
  Delta,
  Input,
  InputList,
  Message,
  MessageInfo,
  MessageList,
  Part,
  Permission,
  Question,
  RetryStatus,
  Session,
  SessionComment,
  SessionStatus,
  Todo,
  Turn,
  TurnList,
} from "@holdfast/protocol";

/** A part that must be read whole from the server (`GET /api/messages/:id/parts/:id`), with the deltas that came meanwhile. */
export type Need = {
  messageId: string;
  partId: string;
  /** The event that made it necessary: tells this need from a later one of the same part. */
  seq: number;
  deltas: readonly Delta[];
};

/** Parts and info of a message that has no place in the history (yet): queued, or of pages that are not loaded. */
export type Unplaced = { info?: MessageInfo; parts: readonly Part[] };

type ById<T> = Readonly<Record<string, T>>;

export type SessionState = {
  /** Undefined until an event or a snapshot brought it. `lastSeq` is the state's own. */
  session: Omit<Session, "lastSeq"> | undefined;
  deleted: boolean;
  status: SessionStatus;
  retry: RetryStatus | undefined;
  /** Messages with a place, in the order of their `ordinal`; parts in the order of theirs. */
  messages: readonly Message[];
  unplaced: ById<Unplaced>;
  turns: ById<Turn>;
  /** Queued inputs only. `queueOf` gives their order. */
  inputs: ById<Input>;
  /** Pending requests only. */
  permissions: ById<Permission>;
  questions: ById<Question>;
  agentSessions: ById<AgentSession>;
  todos: readonly Todo[];
  /** Comments of people that events told of, in their order; those of before are read (`listComments`). */
  comments: readonly SessionComment[];
  /** The seq up to which this is current; events at or below it change nothing. */
  lastSeq: number;
  /** The first place that is loaded; older messages come with their page (`addOlderMessages`). */
  loadedFrom: number;
  /** The newest event that told of something not loaded: an older page must be read after it. */
  unloadedSeq: number;
  /** Parts to read again, by part id. Read them once the stream has caught up. */
  needs: ById<Need>;
  /**
   * User messages whose parts are not known, with the seq that told of them: they were queued when the snapshot was read, and their parts
   * had been told before. Read the newest page and give it to `meetUnread`.
   */
  unread: ById<number>;
};

/** Nothing known: the state before the first event of a session. */
export const EMPTY_SESSION: SessionState = {
  session: undefined,
  deleted: false,
  status: "idle",
  retry: undefined,
  messages: [],
  unplaced: {},
  turns: {},
  inputs: {},
  permissions: {},
  questions: {},
  agentSessions: {},
  todos: [],
  comments: [],
  lastSeq: 0,
  loadedFrom: 0,
  unloadedSeq: 0,
  needs: {},
  unread: {},
};

/** Answers of the state routes of one session. All were read after `session` was. */
export type Snapshot = {
  session: Session;
  /** The newest page. */
  messages: MessageList;
  turns: TurnList;
  /** Queued ones; others are ignored. */
  inputs: InputList;
  permissions: readonly Permission[];
  questions: readonly Question[];
  todos: { items: readonly Todo[]; seq: number };
  agentSessions: { items: readonly AgentSession[]; seq: number };
};

/**
 * The state that a snapshot makes. Its `lastSeq` is that of the session's row, which was read first: what the other answers know beyond
 * it comes again as events and changes nothing then, because every event is idempotent (D-2).
 */
export function stateOfSnapshot(snapshot: Snapshot): SessionState {
  const { lastSeq, ...session } = snapshot.session;
  const placed = snapshot.messages.items.filter((message) => message.info.ordinal !== undefined);
  return {
    ...EMPTY_SESSION,
    session,
    status: session.status,
    retry: session.retry,
    messages: placed,
    turns: byId(snapshot.turns.items),
    inputs: byId(snapshot.inputs.items.filter((input) => input.state === "queued")),
    permissions: byId(
      snapshot.permissions.filter(
        (request) => request.state === "pending" && request.sessionId === session.id,
      ),
    ),
    questions: byId(
      snapshot.questions.filter((request) => request.state === "pending" && request.sessionId === session.id),
    ),
    agentSessions: byId(snapshot.agentSessions.items),
    todos: snapshot.todos.items,
    lastSeq,
    loadedFrom: snapshot.messages.next === undefined ? 0 : (placed[0]?.info.ordinal ?? 0),
  };
}

/**
 * Puts a page of older messages before the others; events in between are applied again without effect. `undefined` when the page is
 * older than something the stream told of it: read it again.
 */
export function addOlderMessages(state: SessionState, page: MessageList): SessionState | undefined {
  if (page.seq < state.unloadedSeq) return undefined;
  const older = page.items.filter((message) => (message.info.ordinal ?? state.loadedFrom) < state.loadedFrom);
  const unplaced = { ...state.unplaced };
  for (const message of older) delete unplaced[message.info.id];
  const loadedFrom = page.next === undefined ? 0 : (older[0]?.info.ordinal ?? state.loadedFrom);
  return { ...state, messages: [...older, ...state.messages], unplaced, loadedFrom };
}

/** Queued inputs in the order in which they will run, as far as it is known now. */
export function queueOf(state: SessionState): Input[] {
  return Object.values(state.inputs).toSorted(
    (a, b) =>
      Number(b.delivery === "steer") - Number(a.delivery === "steer") ||
      (a.position ?? 0) - (b.position ?? 0),
  );
}

function byId<T extends { id: string }>(items: readonly T[]): ById<T> {
  return Object.fromEntries(items.map((item) => [item.id, item]));
}
