/**
 * The event log inside one command (D-1, D-3, D-4). What an event changes of a shared session is marked with it (S-3). `reserveAsOwner` assigns the seqs of a turn's progress and is the fence; `append` writes one thin entry and hands the
 * whole payload to live subscribers, who hear it after the commit. There is no other way to make an event.
 *
 * A position is the row's id, one more than the greatest there is: the newest event of all is never deleted, so no position is given twice.
 */
import { HoldfastError, notFound } from "@holdfast/kernel";
import { type Actor, EVENT_VERSION, type EventData, type EventType } from "@holdfast/protocol";
import { type Activity, movesSession, encodeEvent, eventCode, eventRow } from "../model/index.ts";
import type { CommittedEvent } from "../port.ts";
import { toPosition } from "./feed-order.ts";
import { actorRow, findSession, sessionByRid, type SessionHead, type SessionRow } from "./rows/index.ts";
import { markSession, markWorkspace } from "./share-marks.ts";
import type { Write } from "./sql.ts";

/** One command's hold on a session's log; the hot path holds only the head of its session. */
export type Log<S extends SessionHead = SessionRow> = {
  readonly write: Write;
  readonly session: S;
  readonly actor: Actor;
  readonly actorRid: number;
  /** Whether what this command does counts as activity in the session (D-29). */
  isActivity?: boolean;
  /** Whether this command has given the session its place in lists. */
  isPlaced?: boolean;
  /** The next of the seqs that were reserved for this command already. */
  nextSeq?: number;
};

export function openLog(write: Write, sessionId: string, actor: Actor, activity: Activity): Log {
  const session = findSession(write, sessionId);
  if (session === undefined) throw notFound("session", sessionId);
  return logOf(write, session, actor, activity);
}

export function openLogByRid(write: Write, rid: number, actor: Actor, activity: Activity): Log {
  const session = sessionByRid(write, rid);
  if (session === undefined) throw new Error(`Session row ${rid} is missing.`);
  return logOf(write, session, actor, activity);
}

function logOf(write: Write, session: SessionRow, actor: Actor, activity: Activity): Log {
  return {
    write,
    session,
    actor,
    actorRid: actorRow(write, actor),
    isActivity: movesSession(activity, actor),
  };
}

/** The events that show a session's row, and with it its time and its place in lists: no other changes those. */
const SHOWS_SESSION: ReadonlySet<EventType> = new Set(["session.created", "session.updated"]);

/**
 * The next seq of the session (D-3). The condition holds unless the row was written by another log of the same command since this one was opened; then
 * the row says where to go on.
 */
function reserve(log: Log<SessionHead>): number {
  const { write, session } = log;
  if (log.nextSeq !== undefined) return log.nextSeq++;
  for (;;) {
    const { rid, last_seq } = session;
    const sql = "UPDATE session SET last_seq = ? WHERE rid = ? AND last_seq = ?";
    if (write.run(sql, last_seq + 1, rid, last_seq) === 1) {
      session.last_seq = last_seq + 1;
      return session.last_seq;
    }
    const row = write.get<{ last_seq: number }>("SELECT last_seq FROM session WHERE rid = ?", rid);
    if (row === undefined || row.last_seq === last_seq) throw new Error(`Session row ${rid} is missing.`);
    session.last_seq = row.last_seq;
  }
}

/** What an owner's append has to know of its session. A stale epoch throws CLAIM_LOST (D-17). */
export function ownedSession(write: Write, sessionId: string, epoch: number): SessionHead {
  const head = write.get<SessionHead>(
    `SELECT s.rid, s.id, w.id AS workspace_id, s.last_seq, s.shared
     FROM session s JOIN workspace w ON w.rid = s.workspace WHERE s.id = ? AND s.epoch = ?`,
    sessionId,
    epoch,
  );
  if (head !== undefined) return head;
  if (findSession(write, sessionId) === undefined) throw notFound("session", sessionId);
  throw claimLost(sessionId);
}

/**
 * Reserves `count` seqs that end at the head's `last_seq`, in one statement that is also the fence (D-3, D-17); false, and nothing is written, when the
 * row is not what the head says. Without RETURNING, for which SQLite makes a table at every run.
 */
export function reserveAsOwner(write: Write, head: SessionHead, count: number, epoch: number): boolean {
  const last = head.last_seq + count;
  const sql = "UPDATE session SET last_seq = ? WHERE rid = ? AND epoch = ? AND last_seq = ?";
  if (write.run(sql, last, head.rid, epoch, head.last_seq) !== 1) return false;
  head.last_seq = last;
  return true;
}

export const claimLost = (sessionId: string): HoldfastError =>
  new HoldfastError(
    "CLAIM_LOST",
    `Session ${sessionId} was claimed by another owner; this one may not write to it any more.`,
  );

type Entry<T extends EventType> = {
  type: T;
  seq: number;
  /** Row the event stands for; null for events that keep their own payload. */
  ref: number | null;
  data: EventData<T>;
  turn?: { rid: number; id: string } | undefined;
};

/** Writes one event at a reserved seq. Payload types store their data; row types store the row alone. */
export function append<T extends EventType>(log: Log<SessionHead>, entry: Entry<T>): void {
  const { write, session, actor, actorRid } = log;
  const json = encodeEvent(entry.data);
  const stored = eventRow(entry.type) === "payload" ? json : null;
  const position = write.insert(
    "INSERT INTO event (session, seq, type, ref, payload, turn, actor, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    session.rid,
    entry.seq,
    eventCode(entry.type),
    entry.ref,
    stored,
    entry.turn?.rid ?? null,
    actorRid,
    write.now,
  );
  if (log.isActivity === true && log.isPlaced !== true && SHOWS_SESSION.has(entry.type)) {
    log.isPlaced = true;
    const sql = "UPDATE session SET time_updated = ?, last_position = ? WHERE rid = ?";
    write.run(sql, write.now, position, session.rid);
  }
  const event: CommittedEvent = {
    position: toPosition(position),
    type: entry.type,
    version: EVENT_VERSION,
    time: write.now,
    workspaceId: session.workspace_id,
    sessionId: session.id,
    seq: entry.seq,
    actor,
    data: json,
  };
  if (entry.turn !== undefined) event.turnId = entry.turn.id;
  markSession(write, session, entry.type, entry.data);
  write.tx.emit(event);
}

/** Reserves one seq and appends; answers the seq. */
export function appendNext<T extends EventType>(log: Log<SessionHead>, entry: Omit<Entry<T>, "seq">): number {
  const seq = reserve(log);
  append(log, { ...entry, seq });
  return seq;
}

/**
 * An event of a row that belongs to no session: it stands in the workspace and global feeds only (D-3). Without a row it keeps its payload, as the last
 * word on one that is gone. Answers its position.
 */
export function appendSessionless<T extends EventType>(
  write: Write,
  entry: {
    type: T;
    ref: number | null;
    workspace: { rid: number; id: string; shared?: number | undefined } | undefined;
    actor: Actor;
    data: EventData<T>;
    /** A deleted session's own stream hears its end too, with the seq that would have come next. */
    sessionId?: string;
    seq?: number;
  },
): number {
  const json = encodeEvent(entry.data);
  const position = write.insert(
    "INSERT INTO event (type, ref, payload, workspace, actor, time) VALUES (?, ?, ?, ?, ?, ?)",
    eventCode(entry.type),
    entry.ref,
    entry.ref === null || eventRow(entry.type) === "payload" ? json : null,
    entry.workspace?.rid ?? null,
    actorRow(write, entry.actor),
    write.now,
  );
  const event: CommittedEvent = {
    position: toPosition(position),
    type: entry.type,
    version: EVENT_VERSION,
    time: write.now,
    actor: entry.actor,
    data: json,
  };
  if (entry.workspace !== undefined) event.workspaceId = entry.workspace.id;
  if (entry.sessionId !== undefined) event.sessionId = entry.sessionId;
  if (entry.seq !== undefined) event.seq = entry.seq;
  markWorkspace(write, entry.workspace, entry.type, entry.data);
  write.tx.emit(event);
  return position;
}
