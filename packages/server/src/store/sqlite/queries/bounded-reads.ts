import type { Features, GivenMcpServer, Message, SessionId } from "@holdfast/protocol";
import type { Reader } from "@holdfast/sqlite";
import type {
  BrowserTokenRow,
  ChangeQueries,
  ProcessRow,
  Queries,
  RequestFilter,
  ShareQueries,
  OperationQueries,
  RefQueries,
  WorktreeQueries,
} from "../../port.ts";
import {
  type AgentSessionRow,
  SELECT_AGENT_SESSION,
  toAgentSessionWithFacts,
  findInput,
  toInput,
  findMessage,
  withParts,
  findPart,
  foldParts,
  findRequest,
  type PermissionRuleRow,
  type RequestRow,
  type RequestTable,
  SELECT_RULE,
  selectRequest,
  toPermission,
  toPermissionRule,
  toQuestion,
  findSession,
  givenServersOf,
  loadWorkspace,
  toSession,
  findTurn,
  toTurn,
} from "../rows/index.ts";
import { countOf, present, readWith, type Sql } from "../sql.ts";
import { changeQueries } from "./change.ts";
import { messagesOfTurn, pageMessages } from "./history.ts";
import type { Read } from "./read.ts";
import { refQueries } from "./ref.ts";
import { lastPosition, replayFeed, replaySession } from "./replay.ts";
import { agentLimits, lastAgent, lastSeq, listSessions, listTodos } from "./session.ts";
import { shareQueries } from "./share.ts";
import { listInputs, listTurns, liveTurns, nextTurn, startableSessions, turnsSince } from "./turn.ts";
import { worktreeQueries } from "./worktree.ts";

/** Messages a page of the reverse stream (session-model 16). */
const STREAM_PAGE = 50;

/** Permission requests or questions of one answer; older ones are history. */
const MOST_REQUESTS = 1_000;

export type BoundedReads = Omit<Queries, "getBlob" | "inspect"> &
  WorktreeQueries &
  OperationQueries &
  RefQueries &
  ShareQueries &
  Omit<ChangeQueries, "unneededSnapshots">;

/** Bounded reads on the calling thread, each in one snapshot (D-13, D-34). */
export function sqliteQueries(reader: Reader): BoundedReads {
  const sql = readWith(reader);
  const read: Read = (work) =>
    new Promise((resolve) => {
      resolve(reader.snapshot(work));
    });
  const one = <R, T>(find: () => R | undefined, shape: (row: R) => T): Promise<T | undefined> =>
    read(() => {
      const row = find();
      return row === undefined ? undefined : shape(row);
    });
  return {
    ...worktreeQueries(sql, read),
    ...changeQueries(sql, read),
    ...refQueries(sql, read),
    ...shareQueries(sql, read),
    getSession: (id) => one(() => findSession(sql, id), toSession),
    listSessions: (query) => read(() => listSessions(sql, query)),
    getWorkspace: (id) => read(() => loadWorkspace(sql, { id })),
    lastAgent: (directory) => read(() => lastAgent(sql, directory)),
    getTurn: (id) =>
      one(
        () => findTurn(sql, id),
        (row) => toTurn(sql, row),
      ),
    listTurns: (query) => read(() => listTurns(sql, query)),
    turnsSince: (query) => read(() => turnsSince(sql, query)),
    getInput: (id) =>
      one(
        () => findInput(sql, id),
        (row) => toInput(sql, row),
      ),
    listInputs: (query) => read(() => listInputs(sql, query)),
    pageMessages: (query) => read(() => pageMessages(sql, query)),
    streamMessages: (sessionId) => streamMessages(read, sql, sessionId),
    getMessage: (id) =>
      one(
        () => findMessage(sql, id),
        (row) => withParts(sql, [row])[0],
      ),
    messagesOfTurn: (id) => read(() => messagesOfTurn(sql, id)),
    getPart: (id) =>
      one(
        () => findPart(sql, id),
        (row) => foldParts(sql, [row])[0],
      ),
    listTodos: (sessionId) => read(() => listTodos(sql, sessionId)),
    listAgentSessions: (sessionId) => read(() => listAgentSessions(sql, sessionId)),
    givenServers: (sessionId) => read(() => givenServers(sql, sessionId)),
    ...requestQueries(sql, read),
    listPermissionRules: (query) => read(() => listPermissionRules(sql, query.sessionId)),
    replaySession: (query) => read(() => replaySession(sql, query)),
    replayFeed: (query) => read(() => replayFeed(sql, query)),
    lastSeq: (id) => read(() => lastSeq(sql, id)),
    trimmedSeq: (id) => read(() => findSession(sql, id)?.trimmed_seq ?? 0),
    lastPosition: () => read(() => lastPosition(sql)),
    nextTurn: (sessionId, now) => read(() => nextTurn(sql, sessionId, now)),
    startableSessions: () => read(() => startableSessions(sql)),
    liveTurns: () => read(() => liveTurns(sql)),
    epochOf: (id) => read(() => findSession(sql, id)?.epoch),
    openProcesses: () => read(() => openProcesses(sql)),
    agentFacts: () => read(() => agentFacts(sql)),
    agentLimits: (now) => read(() => agentLimits(sql, now)),
    findBrowserToken: (hash) =>
      read(() => presentToken(sql.get<BrowserTokenRow>(`${SELECT_TOKEN} WHERE hash = ?`, hash))),
    listBrowserTokens: () =>
      read(() =>
        sql
          .all<BrowserTokenRow>(`${SELECT_TOKEN} ORDER BY created`)
          .flatMap((row) => presentToken(row) ?? []),
      ),
  };
}

const listAgentSessions = (sql: Sql, sessionId: SessionId) => ({
  items: sql
    .all<AgentSessionRow>(`${SELECT_AGENT_SESSION} WHERE s.id = ? ORDER BY a.rid`, sessionId)
    .map(toAgentSessionWithFacts),
  seq: lastSeq(sql, sessionId) ?? 0,
});

function givenServers(sql: Sql, sessionId: SessionId): GivenMcpServer[] {
  const session = findSession(sql, sessionId);
  return session === undefined ? [] : givenServersOf(sql, session);
}

const SELECT_TOKEN = "SELECT id, label, created, expires, used FROM browser_token";

const presentToken = (row: BrowserTokenRow | undefined): BrowserTokenRow | undefined =>
  row && present<BrowserTokenRow>(row);

async function* streamMessages(read: Read, sql: Sql, sessionId: SessionId): AsyncGenerator<Message> {
  let before: number | undefined;
  do {
    const cursor: { before?: number } = before === undefined ? {} : { before };
    const page = await read(() => pageMessages(sql, { sessionId, limit: STREAM_PAGE, ...cursor }));
    yield* page.items.toReversed();
    before = page.next;
  } while (before !== undefined);
}

const requestQueries = (sql: Sql, read: Read) =>
  ({
    listPermissions: (query) =>
      read(() => listRequests(sql, "permission", query).map((row) => toPermission(sql, row))),
    countPermissions: (query) => read(() => countRequests(sql, "permission", query)),
    getPermission: (id) =>
      read(() => {
        const row = findRequest(sql, "permission", id);
        return row && toPermission(sql, row);
      }),
    listQuestions: (query) =>
      read(() => listRequests(sql, "question", query).map((row) => toQuestion(sql, row))),
    countQuestions: (query) => read(() => countRequests(sql, "question", query)),
    getQuestion: (id) =>
      read(() => {
        const row = findRequest(sql, "question", id);
        return row && toQuestion(sql, row);
      }),
  }) satisfies Partial<Queries>;

const REQUEST_STATES: Record<RequestRow["state"], (table: RequestTable) => string> = {
  pending: (table) => `p.rid IN (SELECT rid FROM ${table} WHERE state = 'pending')`,
  replied: () => "p.state = 'replied'",
  expired: () => "p.state = 'expired'",
};

function requestsThat(
  table: RequestTable,
  { state, sessionId }: RequestFilter,
): { condition: string; params: SessionId[] } {
  const where = [
    ...(state === undefined ? [] : [REQUEST_STATES[state](table)]),
    ...(sessionId === undefined ? [] : ["p.session = (SELECT rid FROM session WHERE id = ?)"]),
  ];
  return {
    condition: where.length === 0 ? "" : `WHERE ${where.join(" AND ")}`,
    params: sessionId === undefined ? [] : [sessionId],
  };
}

function listRequests(sql: Sql, table: RequestTable, query: RequestFilter): RequestRow[] {
  const { condition, params } = requestsThat(table, query);
  return sql.all<RequestRow>(
    `${selectRequest(table)} ${condition} ORDER BY p.rid DESC LIMIT ${MOST_REQUESTS}`,
    ...params,
  );
}

function countRequests(sql: Sql, table: RequestTable, query: RequestFilter): number {
  const { condition, params } = requestsThat(table, query);
  return countOf(sql, `${table} p ${condition}`, ...params);
}

const RULES_OF_SESSION = `${SELECT_RULE} JOIN session here ON here.id = ? AND here.project = r.project
  WHERE r.session IS NULL OR r.session = here.rid ORDER BY r.rid`;

function listPermissionRules(sql: Sql, sessionId: SessionId | undefined) {
  const rows =
    sessionId === undefined
      ? sql.all<PermissionRuleRow>(`${SELECT_RULE} ORDER BY r.rid`)
      : sql.all<PermissionRuleRow>(RULES_OF_SESSION, sessionId);
  return rows.map((row) => toPermissionRule(sql, row));
}

type StoredProcess = {
  launch_id: string;
  instance: string;
  session_id: string;
  agent: string;
  argv_hash: string;
  pid: number | null;
  start_time: string | null;
  process_group: number | null;
  temporary_directory: string | null;
  alive: number;
};

const PROCESSES = `SELECT p.*, EXISTS (SELECT 1 FROM instance i WHERE i.id = p.instance AND i.ended IS NULL) AS alive
  FROM process p ORDER BY p.time`;

function openProcesses(sql: Sql): ProcessRow[] {
  return sql.all<StoredProcess>(PROCESSES).map((row) =>
    present<ProcessRow>({
      launchId: row.launch_id,
      instanceId: row.instance as ProcessRow["instanceId"],
      sessionId: row.session_id as SessionId,
      agent: row.agent,
      argvHash: row.argv_hash,
      pid: row.pid,
      startTime: row.start_time,
      group: row.process_group,
      temporaryDirectory: row.temporary_directory,
      isOwnerAlive: row.alive === 1,
    }),
  );
}

function agentFacts(sql: Sql) {
  return sql
    .all<{ agent: string; version: string | null; features: string }>(
      "SELECT agent, version, features FROM agent_facts",
    )
    .map((row) =>
      present<{ agent: string; version?: string; features: Features }>({
        agent: row.agent,
        version: row.version,
        features: JSON.parse(row.features) as Features,
      }),
    );
}
