/**
 * The end of a turn (durability section 5). `beginFinalize` stores the whole terminal record once; `finalizeTurn` ends everything in one transaction of
 * stored values, so that a crash between the two, or the recovery of a dead owner, runs the same function again with the same result (D-7).
 */
import { HoldfastError } from "@holdfast/kernel";
import {
  type Actor,
  addUsage,
  type AssistantMessage,
  isTerminal,
  type Part,
  type PartId,
  type SessionId,
  type Turn,
  type TurnId,
  type Usage,
} from "@holdfast/protocol";
import { cancelled, isWorked, settled, suspendedBy } from "../../model/index.ts";
import type { TerminalRecord } from "../../port.ts";
import { announceAgentSession, announceTurn, rewritePart } from "../announce.ts";
import { putLast } from "../insert-part.ts";
import { type Log, openLogByRid } from "../log.ts";
import {
  agentSessionData,
  agentSessionOf,
  withStatus,
  type MessageRow,
  SELECT_MESSAGE,
  toMessageInfo,
  foldParts,
  toTurn,
  type TurnRow,
} from "../rows/index.ts";
import { announceSession, refreshSession } from "../session-change.ts";
import { fromJson, toJson, type Write } from "../sql.ts";
import { releaseLease } from "../workspace-lease.ts";
import { announceStepFinished, writeAnswer, stepFinishPart } from "./answer.ts";
import { fence, requireTurn } from "./owned-turn.ts";
import { openParts } from "./progress.ts";
import { expireRequests } from "./request.ts";
import { endOpenSteers } from "./steer.ts";
import { summarize } from "./summarize.ts";

type Begin = { turnId: TurnId; epoch: number; record: TerminalRecord };
type Finish = { turnId: TurnId; epoch: number; actor: Actor; stepFinishPartId: PartId };

const SYSTEM: Actor = { id: "system:finalize", kind: "system", label: "finalize" };

const recordOf = (turn: TurnRow): TerminalRecord | undefined =>
  turn.record === null ? undefined : (JSON.parse(turn.record) as TerminalRecord);

/** running -> finalizing; the first record wins, and a recorded cancel decides what it says (D-10). */
export function beginFinalize(write: Write, command: Begin): TerminalRecord {
  const turn = requireTurn(write, command.turnId);
  const stored = recordOf(turn);
  if (stored !== undefined) return stored;
  if (turn.state !== "running") {
    throw new HoldfastError("CONFLICT", `Turn ${turn.id} is ${turn.state}, not running.`);
  }
  fence(write, turn, command.epoch);
  const why = turn.superseded === 1 ? "superseded" : "cancelled";
  const record = turn.cancel_time === null ? command.record : cancelled(command.record, why);
  write.run(
    "UPDATE turn SET state = 'finalizing', record = ? WHERE rid = ?",
    JSON.stringify(record),
    turn.rid,
  );
  announceTurn(openLogByRid(write, turn.session, SYSTEM, "upkeep"), turn.rid, "turn.finalizing");
  return record;
}

/** finalizing -> completed | failed | aborted. A second call is a no-op that returns the turn (D-7). */
export function finalizeTurn(write: Write, command: Finish): Turn {
  const turn = requireTurn(write, command.turnId);
  if (isTerminal(turn.state)) return toTurn(write, turn);
  fence(write, turn, command.epoch);
  const record = recordOf(turn);
  if (record === undefined)
    throw new HoldfastError("CONFLICT", `Turn ${turn.id} has no terminal record; begin first.`);
  const log = openLogByRid(write, turn.session, command.actor, isWorked(record) ? "work" : "upkeep");
  const usage = record.usage ?? (JSON.parse(turn.usage) as Usage);
  settleParts(log, turn);
  finishAnswers(log, turn, record, usage, command.stepFinishPartId);
  summarize(log, turn, record.files?.totals);
  expireRequests(log, turn);
  endOpenSteers(log, turn);
  addToTotals(log, turn, record, usage);
  suspend(log, turn, record);
  endTurn(log, turn, record, usage);
  return toTurn(write, requireTurn(write, command.turnId));
}

/** Closes open text and reasoning and settles calls: what still runs becomes an error that says it was interrupted, its output kept. */
function settleParts(log: Log, turn: TurnRow): void {
  const { write } = log;
  const rows = openParts(write, turn.rid, turn.session);
  const parts = foldParts(write, rows);
  rows.forEach((row, index) => {
    const part = parts[index];
    if (part !== undefined) rewritePart(log, row.rid, settled(part, write.now), turn);
  });
}

/**
 * The last answer gets its step-finish; every one that is open gets finish, error and completed time (R-1.5, D-9). What its step told of itself counts; the
 * usage of the turn is the answer's own where the turn has no other one.
 */
function finishAnswers(log: Log, turn: TurnRow, record: TerminalRecord, usage: Usage, partId: PartId): void {
  const { write } = log;
  const rows = write.all<MessageRow>(
    `${SELECT_MESSAGE} WHERE m.turn = ? AND m.role = 'assistant' ORDER BY m.rid`,
    turn.rid,
  );
  const open = rows.filter((row) => (toMessageInfo(row) as AssistantMessage).time.completed === undefined);
  const whole: Usage = rows.length === 1 ? usage : {};
  for (const row of open) {
    const isLast = row === open.at(-1);
    const info = ended(toMessageInfo(row) as AssistantMessage, record, isLast ? whole : {}, write.now);
    if (!isLast) {
      writeAnswer(log, row.rid, info);
      continue;
    }
    const reason = info.finish ?? record.reason ?? record.state;
    carryResult(info, record);
    insertPatch(log, turn, row, record);
    putLast(log, row, stepFinishPart(info, partId, { reason, snapshot: record.files?.snapshot }));
    writeAnswer(log, row.rid, info);
    announceStepFinished(log, turn, info, { reason, usage: whole, tries: record.tries });
  }
}

function ended(told: AssistantMessage, record: TerminalRecord, usage: Usage, now: number): AssistantMessage {
  const info: AssistantMessage = { ...told, time: { ...told.time, completed: now } };
  const [finish, tokens, cost] = [
    told.finish ?? record.finish,
    told.tokens ?? usage.tokens,
    told.cost ?? usage.cost,
  ];
  if (finish !== undefined) info.finish = finish;
  if (record.error !== undefined) info.error = record.error;
  if (tokens !== undefined) info.tokens = tokens;
  if (cost !== undefined) info.cost = cost;
  return info;
}

/** The value that was asked for stands on the last answer only; why its text is none, as on every failed try, in its metadata. */
function carryResult(info: AssistantMessage, { answer }: TerminalRecord): void {
  if (answer === undefined) return;
  if ("structured" in answer) info.structured = answer.structured;
  else info.metadata = { ...info.metadata, validation: answer.validation };
}

/** What the turn changed of the files, when it changed any (session-model 6). */
function insertPatch(log: Log, turn: TurnRow, row: MessageRow, { files: patch }: TerminalRecord): void {
  if (patch === undefined || patch.files.length === 0) return;
  const { partId, hash, files, more, recovered } = patch;
  const part: Extract<Part, { type: "patch" }> = {
    id: partId,
    sessionId: turn.session_id as SessionId,
    messageId: row.id as Part["messageId"],
    type: "patch",
    hash,
    files,
    ...(more === 0 ? {} : { more }),
    ...(recovered === true ? { recovered } : {}),
  };
  putLast(log, row, part);
}

/**
 * Usage of the turn goes to the agent session and the session; what was not reported makes a total partial. The agent session's
 * watermark is raised when the agent produced anything.
 */
function addToTotals(log: Log, turn: TurnRow, record: TerminalRecord, usage: Usage): void {
  const { write, session } = log;
  const total = addUsage(JSON.parse(session.usage) as Usage, usage);
  write.run("UPDATE session SET usage = ? WHERE rid = ?", JSON.stringify(total), session.rid);
  const agentSession = agentSessionOf(write, session.rid, turn.agent);
  if (agentSession === undefined) return;
  const sum = addUsage(JSON.parse(agentSession.usage) as Usage, usage);
  const data = agentSessionData(agentSession);
  // Everything above is of this turn or an earlier one, and the next turn starts above it. An agent that nobody asked was told nothing of the earlier ones.
  const status = record.agentSession ?? agentSession.status;
  // Whoever asked since has seen that they are lost.
  if ((data.background?.lost ?? Number.POSITIVE_INFINITY) < turn.time_queued) delete data.background;
  if (turn.input_id !== null && isAnswered(write, turn, record)) data.watermark = session.last_seq;
  write.run(
    "UPDATE agent_session SET usage = ?, status = ?, data = ?, time_updated = ? WHERE rid = ?",
    JSON.stringify(sum),
    status,
    JSON.stringify(withStatus(data, status, write.now)),
    write.now,
    agentSession.rid,
  );
  announceAgentSession(log, agentSession.id);
}

/** What the agent is asked next in this session waits until its usage limit is over. */
function suspend({ write, session }: Log, { agent }: TurnRow, { reason, error }: TerminalRecord): void {
  if (reason !== "limited" || error?.name !== "APIError" || error.data.resetAt === undefined) return;
  const suspended = suspendedBy(fromJson(session.suspended), agent, error.data.resetAt);
  write.run("UPDATE session SET suspended = ? WHERE rid = ?", JSON.stringify(suspended), session.rid);
}

/** Whether the agent produced anything in this turn, so that what the turn told it counts as told. What ran before it is not its work. */
function isAnswered(write: Write, turn: TurnRow, record: TerminalRecord): boolean {
  if (record.state === "completed") return true;
  const part = write.get(
    `SELECT 1 FROM part p JOIN message m ON m.rid = p.message
     WHERE p.session = ? AND m.turn = ? AND m.role = 'assistant' AND p.type IN ('text', 'reasoning', 'tool')
       AND p.data ->> '$.metadata.holdfast' IS NOT 'subtask' LIMIT 1`,
    turn.session,
    turn.rid,
  );
  return part !== undefined;
}

/** The terminal event is the last of its finalization: everything else of the turn has been said before it. */
function endTurn(log: Log, turn: TurnRow, record: TerminalRecord, usage: Usage): void {
  const { write, session } = log;
  const changed = write.run(
    `UPDATE turn SET state = ?, reason = ?, error = ?, finish = ?, usage = ?, time_ended = max(?, time_queued, coalesce(time_started, 0)),
     waiting_for = NULL, stalled = NULL
     WHERE rid = ? AND state = 'finalizing'`,
    record.state,
    record.reason ?? null,
    toJson(record.error),
    record.finish ?? null,
    JSON.stringify(usage),
    write.now,
    turn.rid,
  );
  if (changed !== 1) throw new HoldfastError("CONFLICT", `Turn ${turn.id} is not finalizing any more.`);
  write.run("DELETE FROM claim WHERE session = ?", session.rid);
  releaseLease(write, turn.rid);
  if (!refreshSession(log)) announceSession(log);
  announceTurn(log, turn.rid, `turn.${record.state}`);
}
