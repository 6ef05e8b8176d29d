/**
 * The writes of a running turn: the hot path. One command is one transaction; its epoch is the fence (D-17). Seqs of all its events are reserved at
 * once. Deltas that follow each other on one part and field are one event (D-12).
 */
import { HoldfastError, notFound } from "@holdfast/kernel";
import {
  type Actor,
  MAX_DELTA_UNITS,
  type Part,
  type PartId,
  type SessionId,
  type TurnId,
  type Usage,
} from "@holdfast/protocol";
import {
  eventCode,
  isOpen,
  joinDeltas,
  packDelta,
  partData,
  sessionStatus,
  statusData,
} from "../../model/index.ts";
import type { AgentSessionPatch, ProgressOp, TurnPatch } from "../../port.ts";
import { announceTurn } from "../announce.ts";
import { toPosition } from "../feed-order.ts";
import { insertPart } from "../insert-part.ts";
import { append, claimLost, type Log, ownedSession, reserveAsOwner } from "../log.ts";
import {
  actorRow,
  agentSessionData,
  patched,
  withStatus,
  findAgentSession,
  toAgentSession,
  findPart,
  foldParts,
  type PartHead,
  type PartRow,
  SELECT_PART,
  findSession,
  type SessionHead,
  toSession,
  findTurnHead,
  toTurn,
  type TurnHead,
  turnByRid,
  WRITTEN,
} from "../rows/index.ts";
import { hasPending } from "../session-change.ts";
import { markSession } from "../share-marks.ts";
import { toJson, type Write } from "../sql.ts";
import { recallTurn, rememberTurn, TurnMemory } from "../turn-memory.ts";
import {
  announceStep,
  announceStepFinished,
  insertAnswer,
  isAskedIn,
  openAnswer,
  writeAnswer,
  stepFinishPart,
} from "./answer.ts";
import { dropPart, eventsOf, patchAnswer, STEP_EVENTS, tell } from "./told.ts";

export type ProgressCommand = { sessionId: SessionId; turnId: TurnId; epoch: number; ops: ProgressOp[] };

type ProgressLog = Log<SessionHead>;
type Progress = { log: ProgressLog; known: TurnMemory; turn: TurnHead };
type OpOf<O extends ProgressOp["op"]> = Extract<ProgressOp, { op: O }>;

export function appendProgress(write: Write, command: ProgressCommand): number {
  const ops = joinDeltas(command.ops);
  const events = ops.reduce((count, op) => count + eventsOf(op), 0);
  const known = reserveForTurn(write, command, events);
  const { turn, session, actor, actorRid } = known;
  // What comes after the end is kept as a note and never enters a message.
  if (turn.state !== "running" && ops.some((op) => op.op !== "note")) {
    throw new HoldfastError("CONFLICT", `Turn ${turn.id} is ${turn.state}; it takes no more progress.`);
  }
  if (turn.session !== session.rid) throw notFound("turn of this session", turn.id);
  const progress: Progress = { log: { write, session, actor, actorRid }, known, turn };
  let seq = session.last_seq - events + 1;
  for (const op of ops) {
    apply(progress, op, seq);
    seq += eventsOf(op);
  }
  return session.last_seq;
}

/** The turn with the seqs of this append reserved. What is remembered but not so in the row is read again; a row of another epoch is CLAIM_LOST. */
function reserveForTurn(write: Write, command: ProgressCommand, events: number): TurnMemory {
  const recalled = recallTurn(write, command);
  if (recalled !== undefined && reserveAsOwner(write, recalled.session, events, command.epoch))
    return recalled;
  const turn = findTurnHead(write, command.turnId);
  if (turn === undefined) throw notFound("turn", command.turnId);
  const session = ownedSession(write, command.sessionId, command.epoch);
  if (!reserveAsOwner(write, session, events, command.epoch)) throw claimLost(command.sessionId);
  const actor: Actor = { id: `agent:${turn.agent}`, kind: "agent", label: turn.agent };
  const known = new TurnMemory({
    turn,
    session,
    epoch: command.epoch,
    actor,
    actorRid: actorRow(write, actor),
  });
  rememberTurn(write, known);
  return known;
}

function apply(progress: Progress, op: ProgressOp, seq: number): void {
  switch (op.op) {
    case "delta":
      return appendDelta(progress, op, seq);
    case "part":
      return putPart(progress, op.part, seq);
    case "checkpoint":
      return checkpoint(progress, op.partId, seq - 1);
    case "step":
      return beginStep(progress, op, seq);
    case "stepSnapshot":
      return putStepSnapshot(progress, op, seq);
    case "removePart":
      return dropPart(progress.log, progress, op, seq);
    case "tell":
      return tell(progress.log, progress.turn, op, seq);
    case "answer":
      return patchAnswer(progress.log, progress.turn, op, seq);
    case "turn":
      return patchTurn(progress, op.patch, seq);
    case "agentSession":
      return patchAgentSession(progress, op.agentSessionId, op.patch, seq);
    case "note":
      return append(progress.log, { type: op.type, seq, ref: null, data: op.data, turn: progress.turn });
    case "todos":
      return putTodos(progress, op.todos, seq);
    case "title":
      return putTitle(progress, op.title, seq);
    case "retry":
      return putRetry(progress, op.retry, seq);
    case "compacted":
      return append(progress.log, {
        type: "session.compacted",
        seq,
        ref: null,
        data: op.compaction,
        turn: progress.turn,
      });
  }
}

const DELTA = eventCode("message.part.delta");

/** Durable text: the log keeps the delta itself, and the offset must continue the field exactly (D-12). */
function appendDelta({ log, known, turn }: Progress, op: OpOf<"delta">, seq: number): void {
  const { write, session, actor, actorRid } = log;
  const part = known.part(write, op.partId);
  if (part?.session !== session.rid) throw notFound("part", op.partId);
  const length = known.fieldLength(write, part, op.field);
  if (length === undefined || part.message_id !== op.messageId) {
    throw new HoldfastError(
      "CONFLICT",
      `Part ${op.partId} of message ${part.message_id} has no ${op.field} that grows.`,
    );
  }
  if (op.text.length > MAX_DELTA_UNITS)
    throw new HoldfastError("TOO_LARGE", `A delta of part ${op.partId} is longer than an event may be.`);
  if (length !== op.offset) {
    throw new HoldfastError(
      "CONFLICT",
      `A delta of part ${op.partId} begins at ${op.offset}, but its ${op.field} ends at ${length}.`,
    );
  }
  known.grow(op.partId, op.field, length + op.text.length);
  const position = write.insert(
    "INSERT INTO event (session, seq, type, ref, extra, payload, turn, actor, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    session.rid,
    seq,
    DELTA,
    part.rid,
    packDelta(op.field, op.offset),
    op.text,
    turn.rid,
    actorRid,
    write.now,
  );
  const { messageId, partId, field, offset, text } = op;
  write.tx.emit({
    position: toPosition(position),
    type: "message.part.delta",
    version: 1,
    time: write.now,
    workspaceId: session.workspace_id,
    sessionId: session.id,
    seq,
    turnId: turn.id,
    actor,
    data: JSON.stringify({ messageId, partId, field, offset, text }),
  });
  markSession(write, session, "message.part.delta", op);
}

function putPart({ log, known, turn }: Progress, part: Part, seq: number): void {
  const { write, session } = log;
  if (part.sessionId !== session.id)
    throw new HoldfastError("CONFLICT", `Part ${part.id} belongs to another session.`);
  const existing = known.part(write, part.id);
  if (existing !== undefined) requireSameIdentity(existing, session, part);
  const { rid, ordinal } =
    existing === undefined ? putNewPart(write, known, part, seq) : overwritePart(write, existing, part, seq);
  known.keepPart({ rid, ordinal }, part, seq);
  append(log, { type: "message.part.updated", seq, ref: rid, data: { part: { ...part, ordinal } }, turn });
}

type PlacedPart = { rid: number; ordinal: number };

function putNewPart(write: Write, known: TurnMemory, part: Part, seq: number): PlacedPart {
  const message = known.message(write, part.messageId);
  if (message === undefined) throw notFound("message of this turn", part.messageId);
  const ordinal = message.nextOrdinal;
  const place = { session: known.session.rid, message: message.rid, ordinal };
  const rid = insertPart(write, place, part, seq);
  message.nextOrdinal += 1;
  return { rid, ordinal };
}

function overwritePart(write: Write, { rid, ordinal }: PartHead, part: Part, seq: number): PlacedPart {
  write.run(
    `UPDATE part SET data = ?, seq = ?, event_seq = ?, open = ?, schema_version = ${WRITTEN.part} WHERE rid = ?`,
    partData(part),
    seq,
    seq,
    isOpen(part) ? 1 : 0,
    rid,
  );
  return { rid, ordinal };
}

/** a part's message and session never change. */
function requireSameIdentity(existing: PartHead, session: SessionHead, part: Part): void {
  if (
    existing.message_id === part.messageId &&
    existing.session === session.rid &&
    existing.type === part.type
  )
    return;
  throw new HoldfastError(
    "CONFLICT",
    `Part ${part.id} belongs to message ${existing.message_id} and is of type ${existing.type}.`,
  );
}

/**
 * Brings a streaming part's row up to its deltas before this op (D-13). Nothing visible changes, so there is no event. `seq` is that of the event before
 * it: later ones of the same command are not in the row.
 */
function checkpoint({ log }: Progress, partId: PartId, seq: number): void {
  const row = findPart(log.write, partId);
  if (row === undefined || row.session !== log.session.rid) throw notFound("part", partId);
  if (row.open !== 1) return;
  const part = foldParts(log.write, [row])[0];
  if (part === undefined) return;
  log.write.run(
    `UPDATE part SET data = ?, seq = ?, schema_version = ${WRITTEN.part} WHERE rid = ?`,
    partData(part),
    seq,
    row.rid,
  );
}

/** The open answer ends and the next one begins, in this order; the turn names both (session-model 1.4). */
function beginStep(progress: Progress, { finishPartId, next, tries }: OpOf<"step">, first: number): void {
  const { log, turn } = progress;
  const { write } = log;
  const open = openAnswer(write, turn.rid);
  if (open === undefined) throw new HoldfastError("CONFLICT", `Turn ${turn.id} has no answer that is open.`);
  if (!isAskedIn(write, next.parentId, turn)) throw notFound("message of this turn", next.parentId);
  const { agent, model, askedModel, path } = open.info;
  const same = { agent, model, askedModel, path };
  const info = { ...open.info, time: { ...open.info.time, completed: write.now } };
  const reason = info.finish ?? "unknown";
  const step = (info.step ?? 1) + 1;
  putPart(progress, stepFinishPart(info, finishPartId, { reason }), first);
  const rest: ProgressLog = { ...log, nextSeq: first + 1 };
  writeAnswer(rest, open.rid, info);
  announceStepFinished(rest, turn, info, { reason, tries });
  insertAnswer(rest, turn, { id: next.messageId, parentId: next.parentId, ...same, step });
  announceTurn(rest, turn.rid, "turn.updated");
  const { sessionId } = info;
  const start: Part = { id: next.startPartId, sessionId, messageId: next.messageId, type: "step-start" };
  putPart(progress, start, first + STEP_EVENTS - 2);
  announceStep({ ...log, nextSeq: first + STEP_EVENTS - 1 }, turn, next.messageId, step);
}

function putStepSnapshot(progress: Progress, { partId, snapshot }: OpOf<"stepSnapshot">, seq: number): void {
  const { write } = progress.log;
  const row = findPart(write, partId);
  const part = row === undefined ? undefined : foldParts(write, [row])[0];
  if (part?.type !== "step-start" && part?.type !== "step-finish") throw notFound("edge of a step", partId);
  putPart(progress, { ...part, snapshot, late: true }, seq);
}

function patchTurn({ log, turn }: Progress, patch: TurnPatch, seq: number): void {
  const { write } = log;
  const before = turnByRid(write, turn.rid);
  if (before === undefined) throw notFound("turn", turn.id);
  const keep = <T>(
    next: T | null | undefined,
    stored: string | number | null,
    store: (value: T) => string | number,
  ) => (next === undefined ? stored : next === null ? null : store(next));
  write.run(
    "UPDATE turn SET opened = ?, opened_by = ?, waiting_for = ?, stalled = ?, usage = ?, event_seq = ? WHERE rid = ?",
    patch.opened ?? before.opened,
    patch.openedBy ?? before.opened_by,
    keep(patch.waitingFor, before.waiting_for, (value) => JSON.stringify(value)),
    keep(patch.stalled, before.stalled, (value) => value),
    patch.usage === undefined ? before.usage : JSON.stringify(patch.usage satisfies Usage),
    seq,
    turn.rid,
  );
  const row = turnByRid(write, turn.rid) ?? before;
  append(log, { type: "turn.updated", seq, ref: turn.rid, data: { turn: toTurn(write, row) }, turn });
}

function patchAgentSession({ log, turn }: Progress, id: string, patch: AgentSessionPatch, seq: number): void {
  const { write } = log;
  writeAgentSession(write, id, patch, seq);
  const row = findAgentSession(write, id);
  if (row === undefined || row.session !== log.session.rid) throw notFound("agent session", id);
  const data = { agentSession: toAgentSession(row) };
  append(log, { type: "agent.session.updated", seq, ref: row.rid, data, turn });
}

/** Merges a patch into the row; `status` and `cwd` have columns of their own. */
export function writeAgentSession(write: Write, id: string, patch: AgentSessionPatch, seq: number): void {
  const row = findAgentSession(write, id);
  if (row === undefined) throw notFound("agent session", id);
  const { status, cwd = row.cwd } = patch;
  const data = patched(agentSessionData(row), patch, write.now);
  write.run(
    "UPDATE agent_session SET status = ?, cwd = ?, data = ?, time_updated = ?, event_seq = ? WHERE rid = ?",
    status ?? row.status,
    cwd,
    JSON.stringify(status === undefined ? data : withStatus(data, status, write.now)),
    write.now,
    seq,
    row.rid,
  );
}

function putTodos(
  { log, turn }: Progress,
  todos: Extract<ProgressOp, { op: "todos" }>["todos"],
  seq: number,
): void {
  log.write.run(
    "UPDATE session SET todos = ?, todo_seq = ? WHERE rid = ?",
    toJson(todos),
    seq,
    log.session.rid,
  );
  append(log, { type: "todo.updated", seq, ref: log.session.rid, data: { todos }, turn });
}

function putTitle({ log, turn }: Progress, title: string, seq: number): void {
  const { write, session } = log;
  write.run("UPDATE session SET title = ?, event_seq = ? WHERE rid = ?", title, seq, session.rid);
  const row = findSession(write, session.id);
  if (row === undefined) return;
  const shown = toSession({ ...row, last_seq: seq });
  append(log, { type: "session.updated", seq, ref: session.rid, data: { session: shown }, turn });
}

function putRetry(
  { log, turn }: Progress,
  retry: Extract<ProgressOp, { op: "retry" }>["retry"],
  seq: number,
): void {
  const { write, session } = log;
  const status = sessionStatus({ isLive: true, isAsking: hasPending(log), isRetrying: retry !== null });
  write.run(
    "UPDATE session SET status = ?, retry = ?, status_seq = ? WHERE rid = ?",
    status,
    toJson(retry ?? undefined),
    seq,
    session.rid,
  );
  const data = statusData(status, retry ?? undefined);
  append(log, { type: "session.status", seq, ref: session.rid, data, turn });
}

/** Rows of the parts of a turn's answers that may still grow. */
export const openParts = (write: Write, turn: number, session: number): PartRow[] =>
  write.all<PartRow>(
    `${SELECT_PART} WHERE p.session = ? AND p.message IN (SELECT rid FROM message WHERE turn = ?) AND p.open = 1
     ORDER BY p.message, p.ordinal`,
    session,
    turn,
  );
