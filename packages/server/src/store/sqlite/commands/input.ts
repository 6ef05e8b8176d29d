import { HoldfastError, notFound } from "@holdfast/kernel";
import {
  HTTP_LIMITS,
  type Actor,
  type Delivery,
  type Input,
  type InputId,
  type Part,
  type Session,
  type SessionId,
  type UserMessage,
} from "@holdfast/protocol";
import { readOnly } from "../../model/index.ts";
import type { AdmitInputCommand, AdmittedRows, Applied, IdempotencyKey } from "../../port.ts";
import { announceInput, announceMessage, announceTurn, rewritePart } from "../announce.ts";
import { appendPart } from "../insert-part.ts";
import { appendNext, type Log, openLog, openLogByRid } from "../log.ts";
import { once, recordKey, replayed } from "../replay-key.ts";
import {
  findInput,
  type InputRow,
  toInput,
  findMessage,
  messageData,
  withParts,
  findSession,
  toSession,
  findTurn,
  toTurn,
  WRITTEN,
} from "../rows/index.ts";
import { announceActivity, announceSession, refreshSession } from "../session-change.ts";
import { toJson, type Write } from "../sql.ts";

type Made = { inputId: InputId };
type By = { actor: Actor; idempotency?: IdempotencyKey | undefined };

/** An input is durable before anything runs: input, turn, user message and its parts in one transaction (D-5). */
export function admitInput(write: Write, command: AdmitInputCommand): Applied<AdmittedRows> {
  const before = replayed<Made>(write, command.idempotency);
  if (before !== undefined) return { value: admittedRows(write, before.inputId), replayed: true };
  const log = openLog(write, command.sessionId, command.actor, "asked");
  const { session } = log;
  if (session.time_archived !== null) {
    throw new HoldfastError("CONFLICT", `Session ${session.id} is archived. Unarchive it to go on.`);
  }
  if (session.mirrors !== null) throw readOnly(session.id, session.parent_id);
  if (session.queue_length >= HTTP_LIMITS.queuedInputs) {
    throw new HoldfastError(
      "RATE_LIMITED",
      `Session ${session.id} has ${session.queue_length} inputs queued, the most it takes.`,
    );
  }
  const unpause = session.queue_paused === 1 && session.queue_length === 0;
  const rows = insertAdmission(log, command);
  const { sessionId, messageId } = command;
  const placed = placeParts(
    write,
    { session: session.rid, message: rows.message },
    { sessionId, messageId },
    command.parts,
  );
  if (unpause) write.run("UPDATE session SET queue_paused = 0 WHERE rid = ?", session.rid);
  const input = announceInput(log, rows.input, "input.admitted");
  const turn = announceTurn(log, rows.turn, "turn.queued");
  const info = announceMessage(log, messageId);
  const parts = announceParts(log, placed, { rid: rows.turn, id: command.turnId });
  refreshSession(log);
  recordKey(write, command.idempotency, { inputId: command.inputId } satisfies Made, session.rid);
  return { value: { input, turn, message: { info, parts } }, replayed: false };
}

function insertAdmission(
  log: Log,
  command: AdmitInputCommand,
): { turn: number; message: number; input: number } {
  const { write, session, actorRid } = log;
  const attempts = command.resumes === undefined ? 1 : (findTurn(write, command.resumes)?.attempts ?? 0) + 1;
  const turn = write.insert(
    `INSERT INTO turn (id, session, agent, model, state, resumes, attempts, actor, time_queued, event_seq)
     VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?, 0)`,
    command.turnId,
    session.rid,
    command.agent,
    toJson(command.model),
    command.resumes ?? null,
    attempts,
    actorRid,
    write.now,
  );
  const info = userMessage(command, write.now);
  const message = write.insert(
    `INSERT INTO message (id, session, turn, role, data, event_seq, schema_version) VALUES (?, ?, ?, 'user', ?, 0, ${WRITTEN.message})`,
    command.messageId,
    session.rid,
    turn,
    messageData(info),
  );
  const input = write.insert(
    `INSERT INTO input (id, session, turn, message, state, requested_delivery, delivery, position, format, system, tools,
     permission_timeout, actor, time_admitted, event_seq) VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`,
    command.inputId,
    session.rid,
    turn,
    message,
    command.requestedDelivery,
    command.delivery,
    session.next_position,
    toJson(command.format),
    command.system ?? null,
    toJson(command.tools),
    command.permissionTimeoutMs ?? null,
    actorRid,
    write.now,
  );
  write.run("UPDATE session SET next_position = next_position + 1 WHERE rid = ?", session.rid);
  return { turn, message, input };
}

function userMessage(command: AdmitInputCommand, now: number): UserMessage {
  const message: UserMessage = {
    id: command.messageId,
    sessionId: command.sessionId,
    turnId: command.turnId,
    role: "user",
    agent: command.agent,
    time: { created: now },
  };
  if (command.model !== undefined) message.model = command.model;
  if (command.system !== undefined) message.system = command.system;
  if (command.tools !== undefined) message.tools = command.tools;
  if (command.format !== undefined) message.format = command.format;
  return message;
}

type Placed = { rid: number; part: Part };

/** A part belongs to the message that it is placed in, whatever it says itself. */
const placeParts = (
  write: Write,
  place: { session: number; message: number },
  ids: Pick<Part, "sessionId" | "messageId">,
  parts: Part[],
): Placed[] =>
  parts.map((part) => {
    const { rid, ordinal } = appendPart(write, place, part, 0);
    return { rid, part: { ...part, ...ids, ordinal } };
  });

function announceParts(log: Log, placed: Placed[], turn: { rid: number; id: string }): Part[] {
  for (const { rid, part } of placed) rewritePart(log, rid, part, turn);
  return placed.map(({ part }) => part);
}

export function admittedRows(write: Write, inputId: string): AdmittedRows {
  const input = requireInput(write, inputId);
  const turn = findTurn(write, input.turn_id);
  const message = findMessage(write, input.message_id);
  const whole = message === undefined ? undefined : withParts(write, [message])[0];
  if (turn === undefined || whole === undefined) throw notFound("input", inputId);
  return { input: toInput(write, input), turn: toTurn(write, turn), message: whole };
}

function requireInput(write: Write, id: string): InputRow {
  const row = findInput(write, id);
  if (row === undefined) throw notFound("input", id);
  return row;
}

function requireQueued(row: InputRow): void {
  if (row.state !== "queued")
    throw new HoldfastError("CONFLICT", `Input ${row.id} was ${row.state} already.`);
}

const currentInput = (write: Write, id: InputId): Input => toInput(write, requireInput(write, id));

export function editInput(write: Write, command: By & { inputId: InputId; parts: Part[] }): Applied<Input> {
  return once(
    write,
    command.idempotency,
    () => applyEdit(write, command),
    () => currentInput(write, command.inputId),
  );
}

function applyEdit(write: Write, command: By & { inputId: InputId; parts: Part[] }): void {
  const row = requireInput(write, command.inputId);
  requireQueued(row);
  const log = openLogByRid(write, row.session, command.actor, "asked");
  const turn = { rid: row.turn, id: row.turn_id };
  removeParts(log, row);
  const ids = { sessionId: row.session_id as SessionId, messageId: row.message_id as Part["messageId"] };
  const placed = placeParts(write, row, ids, command.parts);
  announceInput(log, row.rid, "input.updated");
  announceParts(log, placed, turn);
  announceActivity(log);
}

function removeParts(log: Log, row: InputRow): void {
  const { write } = log;
  const parts = write.all<{ id: string }>(
    "SELECT id FROM part WHERE session = ? AND message = ?",
    row.session,
    row.message,
  );
  write.run("DELETE FROM part WHERE session = ? AND message = ?", row.session, row.message);
  for (const part of parts) announceRemovedPart(log, row, part.id);
}

function announceRemovedPart(log: Log, row: InputRow, partId: string): void {
  const data = { messageId: row.message_id as UserMessage["id"], partId: partId as Part["id"] };
  appendNext(log, {
    type: "message.part.removed",
    ref: null,
    data,
    turn: { rid: row.turn, id: row.turn_id },
  });
}

/** Its turn ends `aborted / cancelled`; removing twice is harmless. */
export function removeInput(write: Write, command: By & { inputId: InputId }): Applied<Input> {
  const remove = () => {
    const row = requireInput(write, command.inputId);
    if (row.state === "removed") return;
    requireQueued(row);
    const log = openLogByRid(write, row.session, command.actor, "asked");
    dropQueued(log, row);
    refreshSession(log);
  };
  return once(write, command.idempotency, remove, () => currentInput(write, command.inputId));
}

/** Takes a queued input out of the queue and ends its turn, in the running command. */
export function dropQueued(log: Log, row: InputRow): void {
  const { write } = log;
  write.run("UPDATE input SET state = 'removed', time_removed = ? WHERE rid = ?", write.now, row.rid);
  announceInput(log, row.rid, "input.removed");
  const error = JSON.stringify({
    name: "MessageAbortedError",
    data: { message: "Cancelled before it started." },
  });
  const changed = write.run(
    `UPDATE turn SET state = 'aborted', reason = 'cancelled', error = ?, time_ended = max(?, time_queued), cancel_time = ?, cancel_actor = ?, waiting_for = NULL
     WHERE rid = ? AND state = 'queued'`,
    error,
    write.now,
    write.now,
    log.actorRid,
    row.turn,
  );
  if (changed !== 1) throw new HoldfastError("CONFLICT", `Turn ${row.turn_id} has started already.`);
  announceTurn(log, row.turn, "turn.aborted");
}

type Reorder = By & { sessionId: SessionId; inputIds: InputId[] };
type Queued = { rid: number; id: InputId; position: number; delivery: Delivery };

export function reorderInputs(write: Write, command: Reorder): Applied<Input[]> {
  const log = openLog(write, command.sessionId, command.actor, "asked");
  return once(
    write,
    command.idempotency,
    () => applyOrder(log, command.inputIds),
    () => queueOf(log).map(({ id }) => currentInput(write, id)),
  );
}

const queueOf = ({ write, session }: Log): Queued[] =>
  write.all<Queued>(
    "SELECT rid, id, position, delivery FROM input WHERE session = ? AND state = 'queued' ORDER BY delivery DESC, position",
    session.rid,
  );

function applyOrder(log: Log, inputIds: InputId[]): void {
  const { write, session } = log;
  const queue = queueOf(log);
  const byId = new Map(queue.map((row) => [row.id, row]));
  const first = [...new Set(inputIds)].map((id) => {
    const row = byId.get(id);
    if (row === undefined)
      throw new HoldfastError("CONFLICT", `Input ${id} is not queued in session ${session.id}.`);
    return row;
  });
  const order = [...first, ...queue.filter((row) => !first.includes(row))];
  const positions = queue.map((row) => row.position).toSorted((one, other) => one - other);
  let isBehind = false;
  order.forEach((row, index) => {
    const position = positions[index];
    // What is put behind another waits for it: it does not go into the running turn any more.
    const delivery = isBehind ? "queue" : row.delivery;
    isBehind ||= row.delivery === "queue";
    if (position === undefined || (position === row.position && delivery === row.delivery)) return;
    write.run("UPDATE input SET position = ?, delivery = ? WHERE rid = ?", position, delivery, row.rid);
    announceInput(log, row.rid, "input.updated");
    announceActivity(log);
  });
}

/** A queued input comes next, and the queue goes on; false once it is not queued any more. */
export function letNext(log: Log, inputId: InputId): boolean {
  const input = requireInput(log.write, inputId);
  if (input.session !== log.session.rid) throw notFound("input", inputId);
  if (input.state !== "queued") return false;
  applyOrder(log, [inputId]);
  letGoOn(log);
  return true;
}

export function resumeQueue(write: Write, command: By & { sessionId: SessionId }): Applied<Session> {
  const current = () => {
    const row = findSession(write, command.sessionId);
    if (row === undefined) throw notFound("session", command.sessionId);
    return toSession(row);
  };
  const resume = () => {
    letGoOn(openLog(write, command.sessionId, command.actor, "asked"));
  };
  return once(write, command.idempotency, resume, current);
}

function letGoOn(log: Log): void {
  const isHeld = "rid = ? AND (queue_paused = 1 OR suspended IS NOT NULL)";
  const sql = `UPDATE session SET queue_paused = 0, suspended = NULL WHERE ${isHeld}`;
  if (log.write.run(sql, log.session.rid) === 1) announceSession(log);
}

export function pauseQueue(write: Write, command: { sessionId: SessionId; actor: Actor }): void {
  pause(openLog(write, command.sessionId, command.actor, "asked"));
}

/** What waits goes on only when somebody says so (D-6); an event only when that is new. */
export function pause(log: Log): void {
  const sql = "UPDATE session SET queue_paused = 1 WHERE rid = ? AND queue_paused = 0";
  if (log.write.run(sql, log.session.rid) === 1) announceSession(log);
}
