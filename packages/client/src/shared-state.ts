/**
 * What a reader knows of a shared session (S-11): a snapshot, then its events through the one reducer. Pure and idempotent, as that is: an event that was
 * taken before changes nothing.
 */
import {
  addUsage,
  type Change,
  type Message,
  type Omission,
  OPERATION_PAYLOADS,
  type OperationPayload,
  type OperationType,
  type PublishedChange,
  type PublishedModels,
  type PublishedSession,
  type PublishedUsage,
  type SessionEvent,
  type SessionStatus,
  type SharedEvent,
  type SharedMessage,
  type SharedSession,
  type Tokens,
  type Turn,
  type Usage,
} from "@holdfast/protocol";
import { reduce, skipEvent } from "./reduce.ts";
import { addOlderMessages, EMPTY_SESSION, type SessionState } from "./session-state.ts";
import { changeOf, infoOf, messageOf, partOf, SHARED_SESSION } from "./shared-rows.ts";

export type Omitted = { reason: Omission; messageId?: string | undefined };

export type SharedState = {
  session: PublishedSession | undefined;
  models: PublishedModels;
  usage: PublishedUsage | undefined;
  expiresAt: number | undefined;
  /** Messages, and a turn for each that was asked. */
  transcript: SessionState;
  /** By id, in the order of their paths. */
  changes: ReadonlyMap<string, Change>;
  /** Rows that are there and not shown, by key. */
  omitted: ReadonlyMap<string, Omitted>;
};

/** One page of the messages, in the order of the session. */
export type SharedPage = { items: readonly SharedMessage[]; next?: string | undefined; seq: number };

export const EMPTY_SHARED: SharedState = {
  session: undefined,
  models: [],
  usage: undefined,
  expiresAt: undefined,
  transcript: EMPTY_SESSION,
  changes: new Map(),
  omitted: new Map(),
};

/** The state that the answers make; `shared` was read before the others, so that events behind its seq are taken again without effect. */
export function sharedStateOf(
  shared: SharedSession,
  messages: SharedPage,
  changes: readonly PublishedChange[],
): SharedState {
  const placed = messages.items.map(messageOf);
  const omitted = new Map<string, Omitted>(shared.omitted.map(({ key, reason }) => [key, { reason }]));
  for (const [key, gone] of omittedIn(messages.items)) omitted.set(key, gone);
  const transcript: SessionState = {
    ...EMPTY_SESSION,
    messages: placed,
    lastSeq: shared.seq,
    loadedFrom: messages.next === undefined ? 0 : (placed[0]?.info.ordinal ?? 0),
  };
  return withTurns({
    session: shared.session,
    models: shared.models,
    usage: shared.usage,
    expiresAt: shared.expiresAt,
    transcript,
    changes: inOrder(changes.map(changeOf)),
    omitted,
  });
}

const omittedIn = (messages: readonly SharedMessage[]) =>
  messages.flatMap(({ info, omitted }) =>
    omitted.map(({ key, reason }): [string, Omitted] => [key, { reason, messageId: info.id }]),
  );

const inOrder = (changes: readonly Change[]): ReadonlyMap<string, Change> =>
  new Map(
    changes
      .toSorted((one, other) => (one.path < other.path ? -1 : one.path > other.path ? 1 : 0))
      .map((change) => [change.id, change]),
  );

/** An older page before the others; `undefined` when it is older than something the stream told of it: read it again. */
export function addOlderShared(state: SharedState, page: SharedPage): SharedState | undefined {
  const transcript = addOlderMessages(state.transcript, {
    items: page.items.map(messageOf),
    seq: page.seq,
    ...(page.next === undefined ? {} : { next: page.next }),
  });
  if (transcript === undefined) return undefined;
  return withTurns({
    ...state,
    transcript,
    omitted: new Map([...state.omitted, ...omittedIn(page.items)]),
  });
}

/** The state behind an event. A type that is not known here changes nothing but the place (D-25). */
export function reduceShared(state: SharedState, event: SharedEvent): SharedState {
  const { transcript } = state;
  if (event.seq <= transcript.lastSeq) return state;
  const known = readShared(event);
  if (known === undefined) return { ...state, transcript: skipEvent(transcript, event.seq) };
  return withTurns(apply(state, event, known));
}

type Known = {
  [T in OperationType]: { type: T; data: OperationPayload<T> };
}[OperationType];

function readShared({ type, data }: SharedEvent): Known | undefined {
  if (!Object.hasOwn(OPERATION_PAYLOADS, type)) return undefined;
  const parsed = OPERATION_PAYLOADS[type as OperationType].safeParse(data);
  return parsed.success ? ({ type, data: parsed.data } as Known) : undefined;
}

function apply(state: SharedState, { seq, time }: SharedEvent, known: Known): SharedState {
  const seen = { ...state, transcript: skipEvent(state.transcript, seq) };
  const row = (event: Row, key: string): SharedState => ({
    ...state,
    // Parts of a message come behind it, each with an event of its own: nothing waits to be read.
    transcript: {
      ...reduce(state.transcript, {
        ...event,
        seq,
        prev: state.transcript.lastSeq,
        version: 1,
        sessionId: SHARED_SESSION,
        time,
      } as SessionEvent),
      unread: {},
    },
    omitted: without(state.omitted, key),
  });
  switch (known.type) {
    case "session.updated":
      return { ...seen, session: known.data.session, omitted: without(state.omitted, "session") };
    case "models.updated":
      return { ...seen, models: known.data.models, omitted: without(state.omitted, "models") };
    case "usage.updated":
      return { ...seen, usage: known.data.usage, omitted: without(state.omitted, "usage") };
    case "message.updated": {
      const message = infoOf(known.data.message);
      return row({ type: "message.updated", data: { message } }, `message:${message.id}`);
    }
    case "message.removed": {
      const { messageId } = known.data;
      const gone = row({ type: "message.removed", data: { messageId } }, `message:${messageId}`);
      return {
        ...gone,
        omitted: new Map([...gone.omitted].filter(([, omitted]) => omitted.messageId !== messageId)),
      };
    }
    case "message.part.updated": {
      const part = partOf(known.data.part);
      return row({ type: "message.part.updated", data: { part } }, `part:${part.id}`);
    }
    case "message.part.removed":
      return row({ type: "message.part.removed", data: known.data }, `part:${known.data.partId}`);
    case "message.part.delta":
      return row({ type: "message.part.delta", data: known.data }, "");
    case "change.updated": {
      const change = changeOf(known.data.change);
      const changes = inOrder([...new Map(state.changes).set(change.id, change).values()]);
      return { ...seen, changes, omitted: without(state.omitted, `change:${change.id}`) };
    }
    case "change.removed": {
      const changes = new Map(state.changes);
      changes.delete(known.data.changeId);
      return { ...seen, changes, omitted: without(state.omitted, `change:${known.data.changeId}`) };
    }
    case "omitted":
      return omit(seen, known.data, row);
  }
}

/** What the reducer is given: the parts of an event that are not the same for all. */
type Row = Pick<SessionEvent, "type" | "data">;

/** A row that is not shown any more, or never was. */
function omit(
  seen: SharedState,
  { key, messageId, reason }: OperationPayload<"omitted">,
  row: (event: Row, key: string) => SharedState,
): SharedState {
  const id = key.slice(key.indexOf(":") + 1);
  let next = seen;
  if (key.startsWith("message:"))
    next = row({ type: "message.removed", data: { messageId: id } } as Row, key);
  else if (key.startsWith("part:") && messageId !== undefined)
    next = row({ type: "message.part.removed", data: { messageId, partId: id } } as Row, key);
  else if (key.startsWith("change:")) {
    const changes = new Map(seen.changes);
    changes.delete(id);
    next = { ...seen, changes };
  } else next = { ...seen, ...withoutOne(key) };
  return { ...next, omitted: new Map(next.omitted).set(key, { reason, messageId }) };
}

/** What a session shows that has one row of its kind, with nothing in it. */
function withoutOne(key: string): Partial<SharedState> {
  switch (key) {
    case "session":
      return { session: undefined };
    case "models":
      return { models: [] };
    case "usage":
      return { usage: undefined };
    default:
      return {};
  }
}

function without(omitted: SharedState["omitted"], key: string): SharedState["omitted"] {
  if (!omitted.has(key)) return omitted;
  const rest = new Map(omitted);
  rest.delete(key);
  return rest;
}

/** Who asked is not told. */
const ASKER = { id: "owner", kind: "owner", label: "" } as const;

/** A turn for each message that was asked: it runs while its session does and nothing was asked after it, and ends as its last answer does. */
function withTurns(state: SharedState): SharedState {
  const status: SessionStatus = state.session?.status ?? "idle";
  const turns: Record<string, Turn> = {};
  let turn: Turn | undefined;
  for (const message of state.transcript.messages) {
    const { info } = message;
    if (info.role === "user") {
      turn = begun(message);
      turns[turn.id] = turn;
    } else if (turn?.id === info.turnId) {
      turn = answered(turn, message);
      turns[turn.id] = turn;
    }
  }
  if (turn !== undefined && status !== "idle") {
    const { reason: _reason, error: _error, ...rest } = turn;
    const { ended: _ended, ...time } = turn.time;
    turns[turn.id] = { ...rest, state: "running", time };
  }
  return { ...state, transcript: { ...state.transcript, status, turns } };
}

function begun({ info }: Message): Turn {
  return {
    id: info.turnId,
    sessionId: SHARED_SESSION,
    messageId: info.id,
    assistantMessageIds: [],
    agent: info.agent,
    state: "completed",
    // Its program simply went on: what an agent remembers is not published.
    opened: "resumed",
    openedBy: "live",
    attempts: 0,
    actor: ASKER,
    usage: {},
    time: { queued: info.time.created, started: info.time.created },
  };
}

function answered(turn: Turn, { info }: Message): Turn {
  if (info.role !== "assistant") return turn;
  const { error: _error, reason: _reason, ...rest } = turn;
  const ended = info.time.completed;
  const isStopped = info.error?.name === "MessageAbortedError";
  return {
    ...rest,
    assistantMessageIds: [...turn.assistantMessageIds, info.id],
    usage: usageWith(turn.usage, info.tokens, info.cost),
    state: info.error === undefined ? "completed" : isStopped ? "aborted" : "failed",
    ...(isStopped ? { reason: "cancelled" as const } : {}),
    ...(info.error !== undefined && !isStopped ? { reason: "error" as const, error: info.error } : {}),
    time: { ...turn.time, ...(ended === undefined ? {} : { ended }) },
  };
}

function usageWith(usage: Usage, tokens: Tokens | undefined, cost: number | undefined): Usage {
  const said = { ...(tokens === undefined ? {} : { tokens }), ...(cost === undefined ? {} : { cost }) };
  return tokens === undefined && cost === undefined ? usage : addUsage(usage, said);
}
