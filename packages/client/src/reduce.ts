/**
 * The one reducer (I-14): from events to the state of a session. Pure and idempotent; replay, live view and the share page use it.
 *
 * - An event at or below `lastSeq` changes nothing; a type that is not known here changes nothing but `lastSeq` (D-25).
 * - A replay is thin (D-4): of each row it has only the newest entry, with the row as it is now, and deltas of parts that were rewritten
 *   since are gone. Therefore nothing here counts events or infers from their order; order comes from ordinals, and what cannot be
 *   known from what arrived is marked in `needs`.
 */
import type { RetryStatus, SessionEvent, SessionStatus } from "@holdfast/protocol";
import { extendPart, putMessage, putPart, removeMessage, removePart } from "./message-changes.ts";
import type { SessionState } from "./session-state.ts";

export function reduce(state: SessionState, event: SessionEvent): SessionState {
  if (event.seq <= state.lastSeq) return state;
  const next = applyEvent(state, event);
  return { ...next, lastSeq: event.seq };
}

/** Marks an event as seen that `streamSession` could not read. */
export function skipEvent(state: SessionState, seq: number): SessionState {
  return seq <= state.lastSeq ? state : { ...state, lastSeq: seq };
}

function applyEvent(state: SessionState, event: SessionEvent): SessionState {
  switch (event.type) {
    case "session.created":
    case "session.updated": {
      const { lastSeq: _lastSeq, ...session } = event.data.session;
      return { ...state, session, status: session.status, retry: session.retry };
    }
    case "session.deleted":
      return { ...state, deleted: true };
    case "session.status":
      return withStatus(state, event.data.status, event.data.retry);
    case "turn.queued":
    case "turn.started":
    case "turn.updated":
    case "turn.finalizing":
    case "turn.completed":
    case "turn.failed":
    case "turn.aborted":
      return { ...state, turns: { ...state.turns, [event.data.turn.id]: event.data.turn } };
    case "input.admitted":
    case "input.updated":
    case "input.delivered":
    case "input.removed":
      return { ...state, inputs: put(state.inputs, event.data.input, event.data.input.state === "queued") };
    case "permission.asked":
    case "permission.replied":
    case "permission.expired":
      return {
        ...state,
        permissions: put(state.permissions, event.data.permission, event.data.permission.state === "pending"),
      };
    case "question.asked":
    case "question.replied":
    case "question.expired":
      return {
        ...state,
        questions: put(state.questions, event.data.question, event.data.question.state === "pending"),
      };
    case "agent.session.updated":
      return { ...state, agentSessions: put(state.agentSessions, event.data.agentSession, true) };
    case "comment.added": {
      const { comment } = event.data;
      return { ...state, comments: [...state.comments.filter(({ id }) => id !== comment.id), comment] };
    }
    case "todo.updated":
      return { ...state, todos: event.data.todos };
    case "message.updated":
      return putMessage(state, event.data.message, event.seq);
    case "message.removed":
      return removeMessage(state, event.data.messageId, event.seq);
    case "message.part.updated":
      return putPart(state, event.data.part, event.seq);
    case "message.part.removed":
      return removePart(state, event.data.messageId, event.data.partId, event.seq);
    case "message.part.delta":
      return extendPart(state, event.data, event.seq);
    case "session.compacted":
    case "step.started":
    case "step.finished":
    case "agent.notice":
    case "agent.raw":
    case "agent.late":
    case "project.updated":
    case "workspace.updated":
    case "worktree.updated":
    case "change.updated":
    case "ref.updated":
    case "share.updated":
      return state;
    default:
      event satisfies never;
      return state;
  }
}

/** The session's row and its status event tell the same. */
function withStatus(
  state: SessionState,
  status: SessionStatus,
  retry: RetryStatus | undefined,
): SessionState {
  const { retry: _before, ...session } = state.session ?? {};
  const told = retry === undefined ? { ...session, status } : { ...session, status, retry };
  return {
    ...state,
    session: state.session === undefined ? undefined : (told as SessionState["session"]),
    status,
    retry,
  };
}

function put<T extends { id: string }>(
  items: Readonly<Record<string, T>>,
  item: T,
  isKept: boolean,
): Readonly<Record<string, T>> {
  if (isKept) return { ...items, [item.id]: item };
  const { [item.id]: _gone, ...rest } = items;
  return rest;
}
