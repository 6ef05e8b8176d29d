import { isNamed, type SessionEvent } from "@holdfast/protocol";

/** Which row an event stands for and its value as the event tells it; undefined for events that keep their own payload (D-4). */
export type RowOf = { key: string; value: Record<string, unknown> | undefined };

/** The rows of a session itself, which have no id of their own in the log. */
export const SESSION_KEY = "session";

/** The event is one of the wire, which may only name a row that is too large. */
export function rowOf(event: SessionEvent): RowOf | undefined {
  if (isNamed(event.data)) {
    const { partId, messageId, ...ids } = event.data;
    const [id] = [partId, messageId, ...Object.values(ids)].filter((value) => typeof value === "string");
    return id === undefined ? undefined : { key: id, value: undefined };
  }
  switch (event.type) {
    case "session.created":
    case "session.updated":
      return { key: SESSION_KEY, value: settledSession(event.data.session) };
    case "session.status":
      return { key: "status", value: event.data };
    case "todo.updated":
      return { key: "todos", value: event.data };
    case "turn.queued":
    case "turn.started":
    case "turn.updated":
    case "turn.finalizing":
    case "turn.completed":
    case "turn.failed":
    case "turn.aborted":
      return { key: event.data.turn.id, value: event.data.turn };
    case "input.admitted":
    case "input.updated":
    case "input.delivered":
    case "input.removed":
      return { key: event.data.input.id, value: event.data.input };
    case "permission.asked":
    case "permission.replied":
    case "permission.expired":
      return { key: event.data.permission.id, value: event.data.permission };
    case "question.asked":
    case "question.replied":
    case "question.expired":
      return { key: event.data.question.id, value: event.data.question };
    case "agent.session.updated":
      return { key: event.data.agentSession.id, value: event.data.agentSession };
    case "message.updated":
      return { key: event.data.message.id, value: event.data.message };
    case "message.part.updated":
      return { key: event.data.part.id, value: event.data.part };
    default:
      return undefined;
  }
}

/** Without what changes beside the row's own events: the counter, the time of the last activity, and the status, which has events of its own. */
export function settledSession(session: object): Record<string, unknown> {
  const { lastSeq, status, time, ...rest } = session as Record<string, unknown>;
  void lastSeq;
  void status;
  const { updated, ...times } = time as Record<string, unknown>;
  void updated;
  return { ...rest, time: times };
}
