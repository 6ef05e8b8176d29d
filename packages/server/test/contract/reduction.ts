import { EMPTY_SESSION, meetNeed, reduce, type SessionState } from "@holdfast/client";
import {
  isNamed,
  type Message,
  type NamedRow,
  type Part,
  type SessionEvent,
  type SessionId,
} from "@holdfast/protocol";
import type { CommittedEvent, Store } from "../../src/store/index.ts";

/** A session as its rows say, in the reducer's words. */
export type Stored = Pick<
  SessionState,
  | "session"
  | "messages"
  | "turns"
  | "inputs"
  | "permissions"
  | "questions"
  | "agentSessions"
  | "todos"
  | "status"
> & { unplaced: Record<string, Message> };

/** Applies events as a subscriber's client does; without a store none of them may be too large. */
export function reduceAll(state: SessionState, events: readonly CommittedEvent[]): SessionState {
  let next = state;
  for (const event of events) next = reduce(next, asSessionEvent(event, next.lastSeq));
  return next;
}

function asSessionEvent(event: CommittedEvent, prev: number): SessionEvent {
  const { position: _position, workspaceId: _workspace, data, ...rest } = event;
  return { ...rest, prev, data: JSON.parse(data) as unknown } as SessionEvent;
}

/** Events with the rows that they only name, as they are now (D-4); those whose row is gone are passed over. */
export async function whole(store: Store, events: readonly CommittedEvent[]): Promise<CommittedEvent[]> {
  const found: CommittedEvent[] = [];
  for (const event of events) {
    const data = JSON.parse(event.data) as unknown;
    const row = isNamed(data) ? await readNamed(store, event, data) : data;
    if (Object.values(row as object).every((value) => value !== undefined))
      found.push(isNamed(data) ? { ...event, data: JSON.stringify(row) } : event);
  }
  return found;
}

async function readNamed(store: Store, event: CommittedEvent, name: NamedRow): Promise<object> {
  const sessionId = event.sessionId as SessionId;
  const id = (key: string) => name[key] as never;
  if ("partId" in name) return { part: await store.getPart(id("partId")) };
  if ("messageId" in name) return { message: (await store.getMessage(id("messageId")))?.info };
  if ("inputId" in name) return { input: await store.getInput(id("inputId")) };
  if ("turnId" in name) return { turn: await store.getTurn(id("turnId")) };
  if ("permissionId" in name) return { permission: await store.getPermission(id("permissionId")) };
  if ("questionId" in name) return { question: await store.getQuestion(id("questionId")) };
  if ("agentSessionId" in name) {
    const { items } = await store.listAgentSessions(sessionId);
    const agentSession = items.find((item) => item.id === name["agentSessionId"]);
    return { agentSession: agentSession && shownAgentSession(agentSession) };
  }
  if ("sessionId" in name) return { session: await store.getSession(sessionId) };
  return { todos: (await store.listTodos(sessionId)).items };
}

type StoredAgentSession = Awaited<ReturnType<Store["listAgentSessions"]>>["items"][number];

const shownAgentSession = ({
  cwd: _cwd,
  processFingerprint: _process,
  watermark: _mark,
  ...rest
}: StoredAgentSession) => rest;

/** Every page of a session's replay after a cursor. */
export async function replayAll(
  store: Store,
  sessionId: SessionId,
  after = 0,
  limit = 100,
): Promise<CommittedEvent[]> {
  const events: CommittedEvent[] = [];
  for (let from = after; ;) {
    const page = await store.replaySession({ sessionId, after: from, limit });
    events.push(...page.events);
    if (page.done) return events;
    from = page.through;
  }
}

/** The state that a replay after `from.lastSeq` makes. */
export async function replayOnto(
  store: Store,
  sessionId: SessionId,
  from: SessionState = EMPTY_SESSION,
): Promise<SessionState> {
  const events = await whole(store, await replayAll(store, sessionId, from.lastSeq));
  return meetNeeds(store, reduceAll(from, events));
}

/** Reads parts that deltas did not fit, as a client does. */
export async function meetNeeds(store: Store, state: SessionState): Promise<SessionState> {
  let met = state;
  for (const need of Object.values(state.needs))
    met = meetNeed(met, need, await store.getPart(need.partId as Part["id"]));
  return met;
}

/** What a reduction knows, in the shape of `readStored`. */
export function asStored(state: SessionState): Stored {
  const { session, messages, turns, inputs, permissions, questions, agentSessions, todos, status } = state;
  const unplaced = Object.entries(state.unplaced).flatMap(([id, { info, parts }]) =>
    info === undefined ? [] : [[id, { info, parts: [...parts] }] satisfies [string, Message]],
  );
  return {
    session,
    messages,
    turns,
    inputs,
    permissions,
    questions,
    agentSessions,
    todos,
    status,
    unplaced: Object.fromEntries(unplaced),
  };
}

const byId = <T extends { id: string }>(items: readonly T[]): Record<string, T> =>
  Object.fromEntries(items.map((item) => [item.id, item]));

/** Everything that a session's rows say, through the queries; nothing may write meanwhile. */
export async function readStored(store: Store, sessionId: SessionId): Promise<Stored> {
  const [whole, messages, turns, inputs, permissions, questions, agentSessions, todos] = await Promise.all([
    store.getSession(sessionId),
    historyOf(store, sessionId),
    store.listTurns({ sessionId, limit: 10_000 }),
    store.listInputs({ sessionId, state: "queued" }),
    store.listPermissions({ sessionId, state: "pending" }),
    store.listQuestions({ sessionId, state: "pending" }),
    store.listAgentSessions(sessionId),
    store.listTodos(sessionId),
  ]);
  if (whole === undefined) throw new Error(`Session ${sessionId} is gone.`);
  const { lastSeq: _lastSeq, ...session } = whole;
  const asked = await Promise.all(turns.items.map((turn) => store.getMessage(turn.messageId)));
  const unplaced = asked.flatMap((message) =>
    message === undefined || message.info.ordinal !== undefined ? [] : [[message.info.id, message] as const],
  );
  return {
    session,
    messages,
    turns: byId(turns.items),
    inputs: byId(inputs.items),
    permissions: byId(permissions),
    questions: byId(questions),
    agentSessions: byId(agentSessions.items.map(shownAgentSession)),
    todos: todos.items,
    status: session.status,
    unplaced: Object.fromEntries(unplaced),
  };
}

async function historyOf(store: Store, sessionId: SessionId): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of store.streamMessages(sessionId)) messages.unshift(message);
  return messages;
}
