import { HoldfastError, notFound } from "@holdfast/kernel";
import type { Actor, Message, MessageId, MessageInfo, Part, PartId } from "@holdfast/protocol";
import { refuseOwnFields } from "../../model/index.ts";
import type { Applied, IdempotencyKey } from "../../port.ts";
import { announceInput, announceMessage, announceTurn, rewritePart } from "../announce.ts";
import { appendNext, type Log, openLogByRid } from "../log.ts";
import { once } from "../replay-key.ts";
import {
  findMessage,
  messageData,
  type MessageRow,
  toMessageInfo,
  withParts,
  findPart,
  foldParts,
  type PartRow,
  turnByRid,
  WRITTEN,
} from "../rows/index.ts";
import { announceActivity } from "../session-change.ts";
import type { Write } from "../sql.ts";

function requireMessage(write: Write, id: string): MessageRow {
  const row = findMessage(write, id);
  if (row === undefined) throw notFound("message", id);
  return row;
}

function requirePart(write: Write, id: string): PartRow {
  const row = findPart(write, id);
  if (row === undefined) throw notFound("part", id);
  return row;
}

/** What a turn still writes is its own: edits wait for its end. */
function requireSettled(write: Write, message: MessageRow): void {
  const turn = turnByRid(write, message.turn);
  if (turn !== undefined && (turn.state === "running" || turn.state === "finalizing")) {
    throw new HoldfastError(
      "SESSION_BUSY",
      `Turn ${turn.id} is ${turn.state}. Wait for its end, then change its messages.`,
    );
  }
}

type By = { actor: Actor; idempotency?: IdempotencyKey | undefined };

export function updateMessage(
  write: Write,
  command: By & { messageId: MessageId; message: MessageInfo },
): Applied<Message> {
  const update = () => {
    const row = requireMessage(write, command.messageId);
    requireSettled(write, row);
    if (command.message.role !== row.role)
      throw new HoldfastError(
        "CONFLICT",
        `Message ${row.id} is of the role ${row.role}, which never changes.`,
      );
    refuseOwnFields(toMessageInfo(row), command.message);
    write.run(
      `UPDATE message SET data = ?, schema_version = ${WRITTEN.message} WHERE rid = ?`,
      messageData(command.message),
      row.rid,
    );
    const log = openLogByRid(write, row.session, command.actor, "asked");
    announceMessage(log, row.id);
    announceActivity(log);
  };
  const current = () => {
    const value = withParts(write, [requireMessage(write, command.messageId)])[0];
    if (value === undefined) throw notFound("message", command.messageId);
    return value;
  };
  return once(write, command.idempotency, update, current);
}

/** Its turn names it no more, so the turn is told of too. */
export function removeMessage(write: Write, command: { messageId: MessageId; actor: Actor }): void {
  const row = requireMessage(write, command.messageId);
  requireSettled(write, row);
  if (turnByRid(write, row.turn)?.message_id === row.id) {
    throw new HoldfastError(
      "CONFLICT",
      `Message ${row.id} is what a turn was asked. Delete its answer, or the queued input.`,
    );
  }
  const log = openLogByRid(write, row.session, command.actor, "asked");
  const parts = write.all<{ id: string }>(
    "SELECT id FROM part WHERE session = ? AND message = ?",
    row.session,
    row.rid,
  );
  write.run("DELETE FROM part WHERE session = ? AND message = ?", row.session, row.rid);
  for (const part of parts) announceRemovedPart(log, row, part.id);
  write.run("DELETE FROM message WHERE rid = ?", row.rid);
  const turn = { rid: row.turn, id: row.turn_id };
  appendNext(log, { type: "message.removed", ref: null, data: { messageId: command.messageId }, turn });
  announceTurn(log, row.turn, "turn.updated");
  announceActivity(log);
}

function announceRemovedPart(log: Log, message: MessageRow, partId: string): void {
  const data = { messageId: message.id as MessageId, partId: partId as PartId };
  appendNext(log, {
    type: "message.part.removed",
    ref: null,
    data,
    turn: { rid: message.turn, id: message.turn_id },
  });
}

/** What was asked is shown by the input as well, which is made of the message's parts. */
function announceAsked(log: Log, message: MessageRow): void {
  const input = log.write.get<{ rid: number }>("SELECT rid FROM input WHERE message = ?", message.rid);
  if (input !== undefined) announceInput(log, input.rid, "input.updated");
}

export function updatePart(write: Write, command: By & { part: Part }): Applied<Part> {
  const current = () => foldParts(write, [requirePart(write, command.part.id)])[0] ?? command.part;
  return once(write, command.idempotency, () => applyPart(write, command.part, command.actor), current);
}

function applyPart(write: Write, part: Part, actor: Actor): void {
  const row = requirePart(write, part.id);
  if (row.message_id !== part.messageId || row.session_id !== part.sessionId || row.type !== part.type) {
    throw new HoldfastError(
      "CONFLICT",
      `Part ${part.id} belongs to message ${row.message_id} and is of type ${row.type}.`,
    );
  }
  const message = requireMessage(write, row.message_id);
  requireSettled(write, message);
  for (const current of foldParts(write, [row])) refuseOwnFields(current, part);
  const log = openLogByRid(write, row.session, actor, "asked");
  rewritePart(log, row.rid, { ...part, ordinal: row.ordinal }, { rid: message.turn, id: message.turn_id });
  announceAsked(log, message);
  announceActivity(log);
}

export function removePart(write: Write, command: { partId: PartId; actor: Actor }): void {
  const row = requirePart(write, command.partId);
  const message = requireMessage(write, row.message_id);
  requireSettled(write, message);
  write.run("DELETE FROM part WHERE rid = ?", row.rid);
  const log = openLogByRid(write, row.session, command.actor, "asked");
  announceRemovedPart(log, message, row.id);
  announceAsked(log, message);
  announceActivity(log);
}

export function clearOutput(write: Write, command: { partId: PartId; time: number; actor: Actor }): void {
  const row = requirePart(write, command.partId);
  const part = foldParts(write, [row])[0];
  if (part?.type !== "tool" || part.state.status !== "completed") return;
  const { state } = part;
  if (state.time.compacted !== undefined) return;
  const cleared = { ...state, time: { ...state.time, compacted: command.time } };
  const message = requireMessage(write, row.message_id);
  const log = openLogByRid(write, row.session, command.actor, "upkeep");
  rewritePart(log, row.rid, { ...part, state: cleared }, { rid: message.turn, id: message.turn_id });
}
