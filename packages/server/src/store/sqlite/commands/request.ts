/** What is the same of permission requests and questions: asked with the claim's fence, answered once, ended without an answer. */
import { HoldfastError, notFound } from "@holdfast/kernel";
import type { Actor, Question, SessionId } from "@holdfast/protocol";
import { announceRequest } from "../announce.ts";
import { claimLost, type Log, openLog, openLogByRid } from "../log.ts";
import { findRequest, findTurn, type RequestRow, type RequestTable, type TurnRow } from "../rows/index.ts";
import { refreshSession } from "../session-change.ts";
import type { Write } from "../sql.ts";

const WHAT: Record<RequestTable, string> = { permission: "permission request", question: "question" };

export function requireRequest(write: Write, table: RequestTable, id: string): RequestRow {
  const row = findRequest(write, table, id);
  if (row === undefined) throw notFound(WHAT[table], id);
  return row;
}

/** A request is a row with a deadline before anybody is asked. */
export function insertRequest(
  write: Write,
  table: RequestTable,
  command: { sessionId: SessionId; epoch: number },
  request: { id: string; turnId: string; agent: string; deadline?: number | undefined; data: string },
): RequestRow {
  const turn = findTurn(write, request.turnId);
  if (turn === undefined) throw notFound("turn", request.turnId);
  const actor: Actor = { id: `agent:${request.agent}`, kind: "agent", label: request.agent };
  const log = openLog(write, command.sessionId, actor, "work");
  if (log.session.epoch !== command.epoch) throw claimLost(command.sessionId);
  if (turn.session !== log.session.rid) throw notFound("turn of this session", turn.id);
  if (turn.state !== "running")
    throw new HoldfastError("CONFLICT", `Turn ${turn.id} is ${turn.state}; it asks no more.`);
  const rid = write.insert(
    `INSERT INTO ${table} (id, session, turn, state, data, deadline, time_asked, event_seq) VALUES (?, ?, ?, 'pending', ?, ?, ?, 0)`,
    request.id,
    log.session.rid,
    turn.rid,
    request.data,
    request.deadline ?? null,
    write.now,
  );
  announceRequest(log, table, rid, "asked");
  refreshSession(log);
  return requireRequest(write, table, request.id);
}

/** Writes the answer of a pending request; `also` in the same transaction, before it is announced. The first answer wins, and the next gets ALREADY_REPLIED. */
export function answerRequest(
  write: Write,
  table: RequestTable,
  row: RequestRow,
  answer: { data: string; actor: Actor; also?: (log: Log) => void },
): RequestRow {
  if (row.state !== "pending") throw alreadyReplied(table, row);
  const log = openLogByRid(write, row.session, answer.actor, "asked");
  const changed = write.run(
    `UPDATE ${table} SET state = 'replied', data = ?, actor = ?, time_ended = ? WHERE rid = ? AND state = 'pending'`,
    answer.data,
    log.actorRid,
    write.now,
    row.rid,
  );
  if (changed !== 1) throw alreadyReplied(table, row);
  answer.also?.(log);
  announceRequest(log, table, row.rid, "replied");
  refreshSession(log);
  return requireRequest(write, table, row.id);
}

function alreadyReplied(table: RequestTable, { id, state }: RequestRow): HoldfastError {
  const name = table === "permission" ? "Permission request" : "Question";
  const what = state === "expired" ? "has ended without an answer" : "was answered already";
  return new HoldfastError("ALREADY_REPLIED", `${name} ${id} ${what}.`, { data: { state } });
}

/** Why a request ended without an answer, as its row keeps it. */
type Expiry = NonNullable<Question["expiry"]>;

/** Ends a pending request without an answer; a no-op on any other. */
export function expireRequest(
  write: Write,
  table: RequestTable,
  id: string,
  { expiry, actor }: { expiry: Expiry; actor: Actor },
): RequestRow {
  const row = requireRequest(write, table, id);
  if (row.state !== "pending") return row;
  const log = openLogByRid(write, row.session, actor, "upkeep");
  expire(log, table, row.rid, expiry);
  refreshSession(log);
  return requireRequest(write, table, id);
}

/** Ends what a turn still asks: it ends itself. */
export function expireRequests(log: Log, turn: TurnRow): void {
  for (const table of ["permission", "question"] as const) {
    const pending = log.write.all<{ rid: number }>(
      `SELECT rid FROM ${table} WHERE turn = ? AND state = 'pending'`,
      turn.rid,
    );
    for (const { rid } of pending) expire(log, table, rid, "turnEnded");
  }
}

function expire(log: Log, table: RequestTable, rid: number, expiry: Expiry): void {
  const { write } = log;
  write.run(
    `UPDATE ${table} SET state = 'expired', data = json_set(data, '$.expiry', ?), time_ended = ? WHERE rid = ?`,
    expiry,
    write.now,
    rid,
  );
  announceRequest(log, table, rid, "expired");
}
