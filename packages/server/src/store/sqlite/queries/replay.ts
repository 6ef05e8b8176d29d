/**
 * Reading the log from a cursor (D-4, D-22). An entry of a row is sent when it is the row's newest, with the row as it is now; one whose row has a newer
 * entry, or is gone, is passed over. Call it in one snapshot.
 */
import { isHoldfastError } from "@holdfast/kernel";
import {
  type EventData,
  type EventType,
  isMessageEvent,
  nameRow,
  type Session,
  type SessionId,
  type WorkspaceId,
} from "@holdfast/protocol";
import { deltaField, deltaOffset, encodeEvent, eventRow, eventType, statusData } from "../../model/index.ts";
import type { CommittedEvent, FeedPosition, ReplayPage } from "../../port.ts";
import { toPosition, toRowId } from "../feed-order.ts";
import {
  loadActor,
  type AgentSessionRow,
  SELECT_AGENT_SESSION,
  toAgentSession,
  inputByRid,
  toInput,
  type MessageRow,
  SELECT_MESSAGE,
  toMessageInfo,
  foldParts,
  type PartRow,
  SELECT_PART,
  requestByRid,
  toPermission,
  toQuestion,
  type CommentRow,
  SELECT_COMMENT,
  toComment,
  refByRid,
  toRefLine,
  changeByRid,
  projectByRid,
  toChange,
  toProject,
  toWorkspace,
  toWorktree,
  workspaceRow,
  worktreeByRid,
  sessionByRid,
  toSession,
  shareByRid,
  toShare,
  toTurn,
  turnByRid,
} from "../rows/index.ts";
import { fromJson, type Sql } from "../sql.ts";

type EventRowData = {
  position: number;
  session: number | null;
  seq: number | null;
  type: number;
  ref: number | null;
  extra: number | null;
  payload: string | null;
  workspace: number | null;
  workspace_id: string | null;
  session_id: string | null;
  turn_id: string | null;
  actor: number;
  time: number;
};

const SELECT_EVENT = `SELECT e.position, e.session, e.seq, e.type, e.ref, e.extra, e.payload, e.workspace, e.actor, e.time, s.id AS session_id,
  coalesce(w.id, sw.id) AS workspace_id, t.id AS turn_id
  FROM event e LEFT JOIN session s ON s.rid = e.session LEFT JOIN workspace sw ON sw.rid = s.workspace
  LEFT JOIN workspace w ON w.rid = e.workspace LEFT JOIN turn t ON t.rid = e.turn`;

export function replaySession(
  sql: Sql,
  query: { sessionId: SessionId; after: number; limit: number },
): ReplayPage<number> {
  const rows = sql.all<EventRowData>(
    `${SELECT_EVENT} WHERE e.session = (SELECT rid FROM session WHERE id = ?) AND e.seq > ? ORDER BY e.seq LIMIT ?`,
    query.sessionId,
    query.after,
    query.limit,
  );
  return {
    events: replayed(sql, rows),
    through: rows.at(-1)?.seq ?? query.after,
    done: rows.length < query.limit,
  };
}

export function replayFeed(
  sql: Sql,
  query: {
    workspaceId?: WorkspaceId;
    sessionId?: SessionId;
    messages?: boolean;
    after: FeedPosition;
    limit: number;
  },
): ReplayPage<FeedPosition> {
  const rows = sql.all<EventRowData>(
    `${SELECT_EVENT} WHERE e.position > ? ORDER BY e.position LIMIT ?`,
    toRowId(query.after),
    query.limit,
  );
  const wanted = rows.filter(
    (row) =>
      (query.workspaceId === undefined || row.workspace_id === query.workspaceId) &&
      (query.sessionId === undefined || row.session_id === query.sessionId) &&
      (query.messages !== false || !isMessageEvent(eventType(row.type))),
  );
  const last = rows.at(-1);
  return {
    events: replayed(sql, wanted),
    through: last === undefined ? query.after : toPosition(last.position),
    done: rows.length < query.limit,
  };
}

export function lastPosition(sql: Sql): FeedPosition {
  const last = sql.get<{ position: number | null }>("SELECT max(position) AS position FROM event");
  return toPosition(last?.position ?? 0);
}

const replayed = (sql: Sql, rows: readonly EventRowData[]): CommittedEvent[] =>
  rows.flatMap((row) => eventOf(sql, row) ?? []);

function eventOf(sql: Sql, row: EventRowData): CommittedEvent | undefined {
  const type = eventType(row.type);
  const data = currentData(sql, type, row);
  if (data === undefined) return undefined;
  const event: CommittedEvent = {
    position: toPosition(row.position),
    type,
    version: 1,
    time: row.time,
    actor: loadActor(sql, row.actor),
    data,
  };
  if (row.workspace_id !== null) event.workspaceId = row.workspace_id;
  if (row.session_id !== null) event.sessionId = row.session_id;
  if (row.seq !== null) event.seq = row.seq;
  if (row.turn_id !== null) event.turnId = row.turn_id;
  if (type === "session.deleted") Object.assign(event, deletedSession(sql, data));
  return event;
}

/** The end of a session stands in no session's log any more; its tombstone keeps the place it had (D-26). */
function deletedSession(sql: Sql, data: string): { sessionId: string; seq?: number } {
  const { sessionId } = JSON.parse(data) as EventData<"session.deleted">;
  const row = sql.get<{ last_seq: number }>("SELECT last_seq FROM tombstone WHERE session_id = ?", sessionId);
  return row === undefined ? { sessionId } : { sessionId, seq: row.last_seq };
}

/** The event's data as JSON, or undefined when the entry is superseded or its row is gone. */
function currentData(sql: Sql, type: EventType, row: EventRowData): string | undefined {
  const { ref, seq } = row;
  if (ref === null) return row.payload ?? undefined;
  const one = <T extends { event_seq: number }>(found: T | undefined): T | undefined =>
    found?.event_seq === seq ? found : undefined;
  switch (eventRow(type)) {
    case "payload":
      return row.payload ?? undefined;
    case "session": {
      const found = one(sessionByRid(sql, ref));
      return (
        found && orName({ session: found }, () => data("session.updated", { session: toSession(found) }))
      );
    }
    case "status": {
      const found = sessionByRid(sql, ref);
      if (found?.status_seq !== seq) return undefined;
      return data(
        "session.status",
        statusData(found.status as Session["status"], fromJson<Session["retry"]>(found.retry)),
      );
    }
    case "todos": {
      const found = sessionByRid(sql, ref);
      return found?.todo_seq === seq
        ? data("todo.updated", { todos: fromJson(found.todos) ?? [] })
        : undefined;
    }
    case "input": {
      const found = one(inputByRid(sql, ref));
      return found && orName({ input: found }, () => data("input.updated", { input: toInput(sql, found) }));
    }
    case "turn": {
      const found = one(turnByRid(sql, ref));
      return found && data("turn.updated", { turn: toTurn(sql, found) });
    }
    case "message": {
      const found = one(sql.get<MessageRow>(`${SELECT_MESSAGE} WHERE m.rid = ?`, ref));
      return (
        found && orName({ message: found }, () => data("message.updated", { message: toMessageInfo(found) }))
      );
    }
    case "part": {
      const found = one(sql.get<PartRow>(`${SELECT_PART} WHERE p.rid = ?`, ref));
      if (found === undefined) return undefined;
      return orName({ part: { id: found.id, messageId: found.message_id } }, () => {
        const part = foldParts(sql, [found])[0];
        return part && data("message.part.updated", { part });
      });
    }
    case "delta":
      return deltaData(sql, row);
    case "permission": {
      const found = one(requestByRid(sql, "permission", ref));
      return found && data("permission.asked", { permission: toPermission(sql, found) });
    }
    case "question": {
      const found = one(requestByRid(sql, "question", ref));
      return found && data("question.asked", { question: toQuestion(sql, found) });
    }
    case "agentSession": {
      const found = one(sql.get<AgentSessionRow>(`${SELECT_AGENT_SESSION} WHERE a.rid = ?`, ref));
      return found && data("agent.session.updated", { agentSession: toAgentSession(found) });
    }
    case "comment": {
      const found = one(sql.get<CommentRow>(`${SELECT_COMMENT} WHERE c.rid = ?`, ref));
      return found && data("comment.added", { comment: toComment(sql, found) });
    }
    default:
      return sessionlessData(sql, type, { ref, position: row.position, time: row.time });
  }
}

/** The same for a row of no session, whose entry is found by its place in the feed of everything. */
function sessionlessData(
  sql: Sql,
  type: EventType,
  { ref, position, time }: { ref: number; position: number; time: number },
): string | undefined {
  const one = <T extends { event_position: number }>(found: T | undefined): T | undefined =>
    found?.event_position === position ? found : undefined;
  switch (eventRow(type)) {
    case "project": {
      const found = one(projectByRid(sql, ref));
      return found && data("project.updated", { project: toProject(found) });
    }
    case "workspace": {
      const found = one(workspaceRow(sql, { rid: ref }));
      return found && data("workspace.updated", { workspace: toWorkspace(found) });
    }
    case "worktree": {
      const found = one(worktreeByRid(sql, ref));
      return found && data("worktree.updated", { worktree: toWorktree(sql, found) });
    }
    case "change": {
      const found = one(changeByRid(sql, ref));
      if (found === undefined) return undefined;
      const name = { change: { id: found.id, workspaceId: found.workspace_id } };
      return orName(name, () => data("change.updated", { change: toChange(found) }));
    }
    case "ref": {
      const found = one(refByRid(sql, ref));
      return found && data("ref.updated", { ref: toRefLine(sql, found, time).ref });
    }
    case "share": {
      const found = one(shareByRid(sql, ref));
      return found && data("share.updated", { share: toShare(sql, found) });
    }
    default:
      return undefined;
  }
}

/** What `read` answers, or the row's name alone where this release cannot read it: whoever asks for that row is refused, and has all others (D-36). */
function orName(row: object, read: () => string | undefined): string | undefined {
  try {
    return read();
  } catch (error) {
    if (!isHoldfastError(error, "NEWER_ROW")) throw error;
    return JSON.stringify(nameRow(row));
  }
}

/** `type` says what the value must be; the entry's own type goes out. */
const data = <T extends EventType>(_type: T, value: EventData<T>): string => encodeEvent<T>(value);

/** A delta that a later whole part covers is passed over, as is one whose part is gone. */
function deltaData(sql: Sql, row: EventRowData): string | undefined {
  const part = sql.get<{ id: string; message_id: string; event_seq: number }>(
    "SELECT p.id, m.id AS message_id, p.event_seq FROM part p JOIN message m ON m.rid = p.message WHERE p.rid = ?",
    row.ref,
  );
  if (part === undefined || row.seq === null || part.event_seq > row.seq || row.extra === null)
    return undefined;
  return JSON.stringify({
    messageId: part.message_id,
    partId: part.id,
    field: deltaField(row.extra),
    offset: deltaOffset(row.extra),
    text: row.payload ?? "",
  });
}
