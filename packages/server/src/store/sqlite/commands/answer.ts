/** The answers of a turn as rows: one for each step of its agent, one after another (session-model 1.4). The last one is open while the turn runs. */
import type {
  AssistantMessage,
  MessageId,
  MessageInfo,
  Part,
  PartId,
  SessionId,
  TurnId,
  Usage,
} from "@holdfast/protocol";
import { announceMessage } from "../announce.ts";
import { appendNext, type Log } from "../log.ts";
import {
  messageData,
  type MessageRow,
  SELECT_MESSAGE,
  type SessionHead,
  toMessageInfo,
  WRITTEN,
} from "../rows/index.ts";
import type { Write } from "../sql.ts";

type TurnIdentity = { rid: number; id: string };

/** The place of the session's next message. */
export function nextOrdinal(write: Write, session: number): number {
  const row = write.get<{ ordinal: number }>(
    "UPDATE session SET next_ordinal = next_ordinal + 1 WHERE rid = ? RETURNING next_ordinal - 1 AS ordinal",
    session,
  );
  return row?.ordinal ?? 0;
}

/** Inserts a message as the last of its session, not yet announced; answers its row. */
export function insertMessage(
  write: Write,
  place: { session: number; turn: number },
  info: MessageInfo,
): number {
  return write.insert(
    `INSERT INTO message (id, session, ordinal, turn, role, data, event_seq, schema_version) VALUES (?, ?, ?, ?, ?, ?, 0, ${WRITTEN.message})`,
    info.id,
    place.session,
    nextOrdinal(write, place.session),
    place.turn,
    info.role,
    messageData(info),
  );
}

/** Opens an answer as the last message of its session. */
export function insertAnswer(
  log: Log<SessionHead>,
  turn: TurnIdentity,
  answer: Pick<AssistantMessage, "parentId" | "agent" | "model" | "askedModel" | "path"> & {
    id: MessageId;
    step: number;
  },
): void {
  const { write, session } = log;
  const { id, model, askedModel, ...facts } = answer;
  const info: AssistantMessage = {
    id,
    sessionId: session.id as SessionId,
    turnId: turn.id as TurnId,
    role: "assistant",
    ...facts,
    time: { created: write.now },
  };
  if (model !== undefined) info.model = model;
  if (askedModel !== undefined) info.askedModel = askedModel;
  insertMessage(write, { session: session.rid, turn: turn.rid }, info);
  announceMessage(log, id);
}

/** The step of an answer begins, and with it the answer. */
export function announceStep(
  log: Log<SessionHead>,
  turn: TurnIdentity,
  messageId: MessageId,
  step: number,
): void {
  const data = { turnId: turn.id as TurnId, messageId, step, attempt: 1 };
  appendNext(log, { type: "step.started", ref: null, data, turn });
}

/** The answer that a running turn goes on with. */
export function openAnswer(write: Write, turn: number): { rid: number; info: AssistantMessage } | undefined {
  const row = write.get<MessageRow>(
    `${SELECT_MESSAGE} WHERE m.turn = ? AND m.role = 'assistant' ORDER BY m.rid DESC LIMIT 1`,
    turn,
  );
  if (row === undefined) return undefined;
  const info = toMessageInfo(row) as AssistantMessage;
  return info.time.completed === undefined ? { rid: row.rid, info } : undefined;
}

/** Whether a message can be answered in this turn: it is of the turn, or went into it (D-6). */
export const isAskedIn = (write: Write, messageId: MessageId, turn: TurnIdentity): boolean =>
  write.get(
    "SELECT 1 FROM message m JOIN turn t ON t.rid = m.turn WHERE m.id = ? AND (t.rid = ? OR t.merged_into = ?)",
    messageId,
    turn.rid,
    turn.id,
  ) !== undefined;

/** The last part of an answer's step. `snapshot` is the tree of the files after it. */
export function stepFinishPart(
  info: AssistantMessage,
  id: PartId,
  end: { reason: string; snapshot?: string | undefined },
): Extract<Part, { type: "step-finish" }> {
  const { sessionId, id: messageId, cost, tokens } = info;
  const part: Extract<Part, { type: "step-finish" }> = {
    id,
    sessionId,
    messageId,
    type: "step-finish",
    reason: end.reason,
  };
  if (cost !== undefined) part.cost = cost;
  if (tokens !== undefined) part.tokens = tokens;
  if (end.snapshot !== undefined) part.snapshot = end.snapshot;
  return part;
}

/** Stores what an answer says of itself now, and tells it. */
export function writeAnswer(log: Log<SessionHead>, rid: number, info: AssistantMessage): void {
  log.write.run(
    `UPDATE message SET data = ?, schema_version = ${WRITTEN.message} WHERE rid = ?`,
    messageData(info),
    rid,
  );
  announceMessage(log, info.id);
}

/** The step of an answer has ended, after `tries` that failed. */
export function announceStepFinished(
  log: Log<SessionHead>,
  turn: TurnIdentity,
  info: AssistantMessage,
  end: { reason: string; usage?: Usage; tries?: number | undefined },
): void {
  const { cost, tokens } = info;
  const own: Usage = {};
  if (tokens !== undefined) own.tokens = tokens;
  if (cost !== undefined) own.cost = cost;
  const data = {
    turnId: turn.id as TurnId,
    messageId: info.id,
    step: info.step ?? 1,
    attempt: (end.tries ?? 0) + 1,
    reason: end.reason,
    usage: { ...end.usage, ...own },
  };
  appendNext(log, { type: "step.finished", ref: null, data, turn });
}
