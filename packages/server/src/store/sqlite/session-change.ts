import type { Turn } from "@holdfast/protocol";
import { attentionAfter, sessionStatus, statusData } from "../model/index.ts";
import { appendNext, type Log, openLogByRid } from "./log.ts";
import { ancestorsOf, type RequestTable, sessionByRid, type SessionHead, toSession } from "./rows/index.ts";
import { fromJson } from "./sql.ts";

/** Appends `session.updated` with the row as it is now. */
export function announceSession(
  log: Log,
  type: "session.created" | "session.updated" = "session.updated",
): void {
  const { write } = log;
  const row = sessionByRid(write, log.session.rid);
  if (row === undefined) return;
  const seq = row.last_seq + 1;
  const session = toSession({
    ...row,
    last_seq: seq,
    ...(log.isActivity === true ? { time_updated: write.now } : {}),
  });
  appendNext(log, { type, ref: row.rid, data: { session } });
  write.run("UPDATE session SET event_seq = ? WHERE rid = ?", seq, row.rid);
}

/** Shows that there was activity in the session, unless that was shown or the command is none (D-29). */
export function announceActivity(log: Log): void {
  if (log.isActivity === true && log.isPlaced !== true) announceSession(log);
}

/**
 * Derives status and attention from the rows (D-10) and appends what changed. Called at the end of every command that touches turns,
 * requests or the queue. What the running step waits for goes with its turn; what a session asks of a person, the ones above it ask too. True
 * when it announced the session itself.
 */
export function refreshSession(log: Log): boolean {
  const { write, session, actor } = log;
  const before = session.attention;
  const isAnnounced = refreshOne(log);
  const after = sessionByRid(write, session.rid)?.attention;
  if (session.parent !== null && before !== after && (isRequest(before) || isRequest(after))) {
    for (const { rid } of ancestorsOf(write, session.rid))
      refreshOne(openLogByRid(write, rid, actor, "upkeep"));
  }
  return isAnnounced;
}

const REQUESTS = ["permission", "question"] as const satisfies RequestTable[];

const isRequest = (attention: string | undefined): boolean => REQUESTS.some((table) => table === attention);

function refreshOne(log: Log): boolean {
  const { write, session } = log;
  const before = sessionByRid(write, session.rid);
  if (before === undefined) return false;
  const asks = pendingKind(log);
  const isLive = hasLiveTurn(log);
  const retry = isLive ? before.retry : null;
  const status = sessionStatus({ isLive, isAsking: asks !== undefined, isRetrying: retry !== null });
  const attention = asks ?? attentionAfter(lastStarted(log));
  const queued = write.get<{ n: number }>(
    "SELECT count(*) AS n FROM input WHERE session = ? AND state = 'queued'",
    session.rid,
  );
  const length = queued?.n ?? 0;
  write.run(
    "UPDATE session SET status = ?, retry = ?, attention = ?, queue_length = ? WHERE rid = ?",
    status,
    retry,
    attention,
    length,
    session.rid,
  );
  if (status !== before.status) {
    const data = statusData(status, fromJson(retry));
    const seq = appendNext(log, { type: "session.status", ref: session.rid, data });
    write.run("UPDATE session SET status_seq = ? WHERE rid = ?", seq, session.rid);
  }
  const isShown = log.isActivity !== true || log.isPlaced === true;
  if (isShown && attention === before.attention && length === before.queue_length) return false;
  announceSession(log);
  return true;
}

function hasLiveTurn({ write, session }: Log): boolean {
  const row = write.get<{ rid: number }>(
    "SELECT rid FROM turn WHERE session = ? AND state IN ('running', 'finalizing')",
    session.rid,
  );
  return row !== undefined;
}

/** The turn that started last: what was dropped from the queue before its start says nothing, nor does what went into another one. */
const lastStarted = ({ write, session }: Log): Pick<Turn, "state" | "reason"> | undefined =>
  write.get(
    "SELECT state, reason FROM turn WHERE session = ? AND first_seq > 0 AND time_started IS NOT NULL ORDER BY first_seq DESC LIMIT 1",
    session.rid,
  );

/** What the session asks a person, or else one below it, if anything. */
const pendingKind = (log: Log<SessionHead>): RequestTable | undefined =>
  REQUESTS.find((table) => isPendingIn(log, table)) ?? REQUESTS.find((table) => isPendingBelow(log, table));

export const hasPending = (log: Log<SessionHead>): boolean => pendingKind(log) !== undefined;

function isPendingIn({ write, session }: Log<SessionHead>, table: RequestTable): boolean {
  const row = write.get<{ rid: number }>(
    `SELECT rid FROM ${table} WHERE session = ? AND state = 'pending' LIMIT 1`,
    session.rid,
  );
  return row !== undefined;
}

function isPendingBelow({ write, session }: Log<SessionHead>, table: RequestTable): boolean {
  const row = write.get<{ rid: number }>(
    `WITH RECURSIVE below (rid) AS (SELECT rid FROM session WHERE parent = ? UNION ALL SELECT s.rid FROM below JOIN session s ON s.parent = below.rid)
     SELECT asked.rid FROM below JOIN ${table} asked ON asked.session = below.rid AND asked.state = 'pending' LIMIT 1`,
    session.rid,
  );
  return row !== undefined;
}
