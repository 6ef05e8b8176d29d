import {
  type Input,
  limitsAt,
  type Message,
  type Session,
  type SessionId,
  type Turn,
  type TurnId,
} from "@holdfast/protocol";
import type { LiveTurn, NextTurn, Page } from "../../port.ts";
import {
  approvalModeOf,
  type InputRow,
  isForPeopleOnly,
  nextInput,
  SELECT_INPUT,
  toInput,
  ancestorsOf,
  findSession,
  givenServersOf,
  loadWorkspace,
  SELECT_TURN,
  toTurn,
  type TurnRow,
} from "../rows/index.ts";
import { fromJson, present, type Sql } from "../sql.ts";
import { messagesOfTurn } from "./history.ts";
import { lastSeq } from "./session.ts";

/** Newest first; the cursor is the row's place. */
export function listTurns(
  sql: Sql,
  query: { sessionId: SessionId; limit: number; before?: number },
): Page<Turn, number> & { seq: number } {
  const rows = sql.all<TurnRow>(
    `${SELECT_TURN} WHERE t.session = (SELECT rid FROM session WHERE id = ?) AND t.rid < ? ORDER BY t.rid DESC LIMIT ?`,
    query.sessionId,
    query.before ?? Number.MAX_SAFE_INTEGER,
    query.limit + 1,
  );
  const shown = rows.slice(0, query.limit);
  const last = shown.at(-1);
  const page = { items: shown.map((row) => toTurn(sql, row)), seq: lastSeq(sql, query.sessionId) ?? 0 };
  return rows.length > query.limit && last !== undefined ? { ...page, next: last.rid } : page;
}

/** By `first_seq`, which turns have that started, and those whose input went into another one. */
export function turnsSince(
  sql: Sql,
  query: { sessionId: SessionId; after: number; before?: TurnId | undefined; limit: number },
): { turn: Turn; messages: Message[] }[] {
  const { sessionId, after, before, limit } = query;
  const rows = sql.all<TurnRow>(
    `${SELECT_TURN} WHERE t.session = (SELECT rid FROM session WHERE id = ?) AND t.first_seq > 0 AND t.first_seq > ?
     ${before === undefined ? "" : "AND t.first_seq < (SELECT first_seq FROM turn WHERE id = ?)"} ORDER BY t.first_seq DESC LIMIT ?`,
    sessionId,
    after,
    ...(before === undefined ? [] : [before]),
    limit,
  );
  return rows.map((row) => {
    const turn = toTurn(sql, row);
    return { turn, messages: messagesOfTurn(sql, turn.id) };
  });
}

/** Literals, so that the queue comes from its own index. */
const INPUTS: Record<Input["state"] | "any", string> = {
  queued: "AND i.state = 'queued' ORDER BY i.delivery DESC, i.position",
  delivered: "AND i.state = 'delivered' ORDER BY i.rid",
  removed: "AND i.state = 'removed' ORDER BY i.rid",
  any: "ORDER BY i.rid",
};

/** The queue in the order it runs, or inputs of one state in the order they came. */
export function listInputs(
  sql: Sql,
  query: { sessionId: SessionId; state?: Input["state"] },
): { items: Input[]; seq: number } {
  const rows = sql.all<InputRow>(
    `${SELECT_INPUT} WHERE i.session = (SELECT rid FROM session WHERE id = ?) ${INPUTS[query.state ?? "any"]}`,
    query.sessionId,
  );
  return { items: rows.map((row) => toInput(sql, row)), seq: lastSeq(sql, query.sessionId) ?? 0 };
}

export function nextTurn(sql: Sql, sessionId: SessionId, now = 0): NextTurn | undefined {
  const session = findSession(sql, sessionId);
  const suspended = fromJson<NonNullable<Session["suspended"]>>(session?.suspended ?? null);
  const limits = limitsAt({ suspended }, now);
  const past = limits.map(({ agent }) => agent);
  const input = session && nextInput(sql, session, past);
  if (session === undefined || input === undefined) return undefined;
  const workspace = loadWorkspace(sql, { rid: session.workspace });
  const limit = limits.find(({ agent }) => agent === input.agent);
  return {
    turnId: input.turn_id as TurnId,
    agent: input.agent,
    past,
    approvalMode: approvalModeOf(sql, session, input.turn),
    workspaceId: session.workspace_id as NextTurn["workspaceId"],
    concurrency: workspace?.concurrency ?? "exclusive",
    isForPeopleOnly: isForPeopleOnly(sql, input),
    hasMcpServers: givenServersOf(sql, session).length > 0,
    ancestors: ancestorsOf(sql, session.rid).map(({ id }) => id as SessionId),
    ...(limit === undefined ? {} : { limitedUntil: limit.until }),
  };
}

/** Sessions whose next queued turn could start now, the one that waits longest first. */
export function startableSessions(sql: Sql): SessionId[] {
  return sql
    .all<{ id: string }>(
      `SELECT s.id FROM session s JOIN input i ON i.session = s.rid AND i.state = 'queued'
       WHERE s.queue_length > 0 AND s.queue_paused = 0 AND s.time_archived IS NULL
       AND NOT EXISTS (SELECT 1 FROM turn t WHERE t.session = s.rid AND t.state IN ('running', 'finalizing'))
       GROUP BY s.rid ORDER BY min(i.rid)`,
    )
    .map(({ id }) => id as SessionId);
}

type LiveRow = {
  id: string;
  session_id: string;
  agent: string;
  state: string;
  instance: string | null;
  alive: number;
  cancelled: number;
};

export function liveTurns(sql: Sql): LiveTurn[] {
  return sql
    .all<LiveRow>(
      `SELECT t.id, s.id AS session_id, t.agent, t.state, c.instance, t.cancel_time IS NOT NULL AS cancelled,
         EXISTS (SELECT 1 FROM instance i WHERE i.id = c.instance AND i.ended IS NULL) AS alive
       FROM turn t JOIN session s ON s.rid = t.session LEFT JOIN claim c ON c.session = t.session
       WHERE t.state IN ('running', 'finalizing')`,
    )
    .map((row) =>
      present<LiveTurn>({
        turnId: row.id as LiveTurn["turnId"],
        sessionId: row.session_id as SessionId,
        agent: row.agent,
        state: row.state as LiveTurn["state"],
        instanceId: row.instance as LiveTurn["instanceId"],
        isOwnerAlive: row.alive === 1,
        cancelled: row.cancelled === 1,
      }),
    );
}
