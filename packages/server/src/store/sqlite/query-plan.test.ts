import { DatabaseSync } from "node:sqlite";
import { newId } from "@holdfast/kernel";
import type { Actor, InstanceId, MessageId, SessionId, WorkspaceId } from "@holdfast/protocol";
import type { Reader, SqlValue, Tx } from "@holdfast/sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StartedTurn } from "../port.ts";
import { commandModule } from "./command-module.ts";
import { feedOrder } from "./feed-order.ts";
import { sqliteQueries } from "./queries/index.ts";

const OWNER: Actor = { id: "owner", kind: "owner", label: "Owner" };

/** Tables that stay small, the sessions below one, and one question that is about all rows: read whole on purpose. */
const SMALL = [
  "below",
  "process",
  "agent_facts",
  "browser_token",
  "claim",
  "instance",
  "permission_rule",
  "r",
  "workspace_lease",
];

/** Statements that the commands and queries of a session's life prepare, from the module as the writer and the reader run it. */
class Recorder {
  readonly database = new DatabaseSync(":memory:");
  readonly statements = new Set<string>();
  readonly queries: ReturnType<typeof sqliteQueries>;

  constructor() {
    this.database.exec("PRAGMA foreign_keys = ON");
    for (const migration of commandModule.migrations) this.database.exec(migration.sql);
    const prepare = (sql: string) => {
      this.statements.add(sql);
      return this.database.prepare(sql);
    };
    this.#tx = { prepare, now: () => 1_000, emit: () => undefined, memory: new Map() };
    const bound = (values: readonly SqlValue[] = []) => [...values];
    const reader: Reader = {
      all: <T>(sql: string, values?: readonly SqlValue[]) => prepare(sql).all(...bound(values)) as T[],
      get: <T>(sql: string, values?: readonly SqlValue[]) =>
        prepare(sql).get(...bound(values)) as T | undefined,
      snapshot: (work) => work(),
    };
    this.queries = sqliteQueries(reader);
  }

  readonly #tx: Tx;

  run<T>(name: string, args: unknown): T {
    const command = commandModule.commands[name];
    if (command === undefined) throw new Error(`No command ${name}.`);
    return command(this.#tx, args as never) as T;
  }

  plan(sql: string): string[] {
    const values = [...sql.matchAll(/\?/g)].map(() => 1);
    const rows = this.database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
    return rows.map((row) => String(row["detail"]));
  }
}

const recorder = new Recorder();

beforeAll(async () => {
  const sessionId = newId("ses");
  const instanceId = newId("ins");
  liveThrough(sessionId, instanceId);
  await readAll(sessionId);
  await readFiles(workOnFiles(sessionId, instanceId));
});

afterAll(() => recorder.database.close());

function liveThrough(sessionId: SessionId, instanceId: InstanceId): void {
  recorder.run("registerInstance", { id: instanceId, pid: 1, host: "h", startTime: 1, isAlone: true });
  const session = { actor: OWNER, sessionId, projectId: newId("prj"), workspaceId: newId("wsp") };
  const facts = { title: "t", agent: "rehearsal", approvalMode: "ask", resumePolicy: "manual" };
  recorder.run("createSession", { ...session, ...facts, directory: "/d" });
  const first = admit(sessionId);
  const dropped = admit(sessionId);
  recorder.run("reorderInputs", { sessionId, inputIds: [first], actor: OWNER });
  recorder.run("removeInput", { inputId: dropped, actor: OWNER });
  const run = start(sessionId, instanceId);
  progress(run);
  const end = { turnId: run.turn.id, epoch: run.epoch, actor: OWNER };
  recorder.run("beginFinalize", { ...end, record: { state: "completed" } });
  recorder.run("finalizeTurn", { ...end, stepFinishPartId: newId("prt") });
  recorder.run("sweepHousekeeping", { limit: 10 });
  recorder.run("dropUnusedBlobs", { limit: 10 });
  recorder.run("removeMessage", { messageId: run.assistantMessageId, actor: OWNER });
  startByItself(sessionId, instanceId);
}

function startByItself(sessionId: SessionId, instanceId: InstanceId): void {
  const messageId: MessageId = newId("msg");
  const { turn, epoch } = recorder.run<StartedTurn>("startAgentTurn", {
    sessionId,
    instanceId,
    agent: "rehearsal",
    turnId: newId("trn"),
    messageId,
    parts: [{ id: newId("prt"), sessionId, messageId, type: "text", text: "x" }],
    assistantMessageId: newId("msg"),
    agentSessionId: newId("ags"),
    actor: OWNER,
    writes: true,
  });
  const end = { turnId: turn.id, epoch, actor: OWNER };
  recorder.run("beginFinalize", { ...end, record: { state: "completed" } });
  recorder.run("finalizeTurn", { ...end, stepFinishPartId: newId("prt") });
}

function admit(sessionId: SessionId): string {
  const messageId: MessageId = newId("msg");
  const inputId = newId("inp");
  recorder.run("admitInput", {
    actor: OWNER,
    sessionId,
    inputId,
    turnId: newId("trn"),
    messageId,
    parts: [{ id: newId("prt"), sessionId, messageId, type: "text", text: "x" }],
    requestedDelivery: "queue",
    delivery: "queue",
    agent: "rehearsal",
  });
  return inputId;
}

function start(sessionId: SessionId, instanceId: InstanceId): StartedTurn {
  const ids = { assistantMessageId: newId("msg"), agentSessionId: newId("ags") };
  return recorder.run<StartedTurn>("startTurn", { sessionId, instanceId, ...ids, actor: OWNER });
}

function progress(run: StartedTurn): void {
  const place = { sessionId: run.session.id, messageId: run.assistantMessageId };
  const part = { id: newId("prt"), ...place, type: "text", text: "", time: { start: 1 } };
  const delta = { op: "delta", partId: part.id, messageId: part.messageId, field: "text" };
  const write = { sessionId: run.session.id, turnId: run.turn.id, epoch: run.epoch };
  recorder.run("appendProgress", { ...write, ops: [{ op: "part", part }] });
  recorder.run("appendProgress", { ...write, ops: [{ ...delta, offset: 0, text: "a" }] });
  recorder.run("appendProgress", { ...write, ops: [{ ...delta, offset: 1, text: "b" }] });
  recorder.run("appendProgress", { ...write, ops: [{ op: "checkpoint", partId: part.id }] });
  const next = { messageId: newId("msg"), parentId: run.message.info.id, startPartId: newId("prt") };
  const answer = { op: "answer", messageId: part.messageId, patch: { finish: "tool-calls" } };
  recorder.run("appendProgress", {
    ...write,
    ops: [answer, { op: "step", finishPartId: newId("prt"), next, tries: 0 }],
  });
}

async function readAll(sessionId: SessionId): Promise<void> {
  const { queries } = recorder;
  const cursor = feedOrder.start;
  await queries.getSession(sessionId);
  for (const page of [{}, { before: cursor }, { after: cursor }])
    for (const filter of [{}, { directory: "/d" }, { projectId: newId("prj") }])
      for (const archived of [undefined, false, true])
        await queries.listSessions({ filter: { ...filter, archived }, limit: 5, ...page });
  for (const page of [{}, { before: 5 }, { after: 5 }])
    await queries.pageMessages({ sessionId, limit: 5, ...page });
  await queries.listTurns({ sessionId, limit: 5 });
  for (const state of ["queued", "delivered"] as const) await queries.listInputs({ sessionId, state });
  await queries.listPermissions({ sessionId, state: "pending" });
  await queries.listPermissions({ sessionId });
  await queries.listPermissions({ state: "pending" });
  await queries.countPermissions({});
  await queries.countPermissions({ state: "pending" });
  await queries.listQuestions({ sessionId, state: "pending" });
  await queries.listQuestions({ sessionId });
  await queries.listQuestions({ state: "pending" });
  await queries.countQuestions({});
  await queries.countQuestions({ state: "pending" });
  await queries.listPermissionRules({ sessionId });
  await queries.listAgentSessions(sessionId);
  await queries.givenServers(sessionId);
  await queries.replaySession({ sessionId, after: 0, limit: 50 });
  await queries.replayFeed({ after: feedOrder.start, limit: 50 });
  await queries.lastAgent("/d");
  await queries.agentLimits(1);
  await queries.startableSessions();
  await queries.liveTurns();
  await queries.lastPosition();
}

/** A worktree with a change in it that is reviewed, and a turn that is told. */
function workOnFiles(sessionId: SessionId, instanceId: InstanceId): WorkspaceId {
  const workspaceId = newId("wsp");
  const [worktreeId, made, dropped] = [newId("wkt"), newId("opr"), newId("opr")];
  const place = { projectDirectory: "/d", projectId: newId("prj"), directoryWorkspaceId: newId("wsp") };
  const base = { branch: "b", baseCommit: "c", baseTree: "t", repository: "/d/.git", data: {}, actor: OWNER };
  const at = (path: string) => ({ directory: path, path });
  recorder.run("beginWorktree", {
    ...place,
    ...base,
    ...at("/w"),
    worktreeId,
    workspaceId,
    operationId: made,
    instanceId,
  });
  const end = { id: made, epoch: 1, state: "done" };
  recorder.run("patchWorktree", { worktreeId, patch: { state: "active" }, operation: end, actor: OWNER });
  const failed = { worktreeId: newId("wkt"), workspaceId: newId("wsp"), operationId: dropped, instanceId };
  recorder.run("beginWorktree", { ...place, ...base, ...at("/x"), ...failed });
  recorder.run("dropWorktree", { ...failed, operation: { id: dropped, epoch: 1 }, actor: OWNER });
  const operationId = newId("opr");
  const intent = {
    operationId,
    instanceId,
    kind: "reject",
    workspaceId,
    leases: [workspaceId],
    data: {},
    actor: OWNER,
  };
  recorder.run("beginOperation", intent);
  recorder.run("takeOperation", { operationId, instanceId });
  const operation = { id: operationId, epoch: 2 };
  recorder.run("advanceOperation", { operation, data: {} });
  const ref = "refs/holdfast/snap/x";
  const change = {
    id: newId("chg"),
    workspaceId,
    path: "a",
    key: "a",
    kind: "added",
    revision: 1,
    state: "pending",
  };
  const facts = {
    agent: "rehearsal",
    contributions: [],
    hunks: [],
    binary: false,
    additions: 1,
    deletions: 0,
  };
  const snapshots = [{ ref, workspaceId, commit: "c", tree: "t", time: 1 }];
  const tracking = { state: "on", uncaptured: [], uncapturedCount: 0 };
  const write = { workspaceId, tracking, gone: [], snapshots, actor: OWNER };
  recorder.run("recordChanges", { ...write, changes: [{ ...change, ...facts }] });
  recorder.run("markReviewed", { workspaceId, changes: [change], reviewed: true, actor: OWNER });
  const gone = [{ changeId: change.id, state: "rejected" }];
  const notes = [{ sessionId, kind: "rejected", paths: ["a"] }];
  recorder.run("commitReview", { ...write, operation, changes: [], gone, notes, state: "done", data: {} });
  recorder.run("forgetSnapshots", { refs: [ref] });
  recorder.run("recordWorktreeAudit", { path: "/w", action: "kept", reason: "used", actor: OWNER, time: 1 });
  admit(sessionId);
  const { turn, epoch } = start(sessionId, newInstance());
  recorder.run("takeNotes", { sessionId, turnId: turn.id, epoch });
  return workspaceId;
}

function newInstance(): InstanceId {
  const id = newId("ins");
  recorder.run("registerInstance", { id, pid: 1, host: "h", startTime: 1 });
  return id;
}

async function readFiles(workspaceId: WorkspaceId): Promise<void> {
  const { queries } = recorder;
  const worktree = await queries.worktreeOf(workspaceId);
  if (worktree === undefined) throw new Error("The worktree is gone.");
  const { projectId } = worktree;
  await queries.getProject(projectId);
  await queries.findProject("/d");
  await queries.listProjects();
  await queries.listWorkspaces({ projectId });
  await queries.projectWorkspace(projectId);
  await queries.listWorktrees({ projectId });
  await queries.listWorktrees({ states: ["active"] });
  await queries.workspaceUsers(workspaceId);
  await queries.listOperations({ workspaceId, kinds: ["apply"], limit: 5 });
  await queries.listOperations({ state: "running", limit: 5 });
  await queries.getTracking(workspaceId);
  await queries.listChanges({ workspaceId, states: ["pending"] });
  await queries.turnSnapshots(newId("trn"));
  await queries.newestSnapshot(workspaceId);
}

test("[D-34] no statement of a session's life reads a growing table from end to end", () => {
  expect(recorder.statements.size).toBeGreaterThan(60);
  const whole = [...recorder.statements].flatMap((sql) =>
    recorder
      .plan(sql)
      .filter((detail) => /^SCAN (\w+)$/.test(detail) && !SMALL.includes(detail.slice(5)))
      .map((detail) => `${detail}: ${sql}`),
  );
  expect(whole).toEqual([]);
});

test("[D-34] the next input, live turns, running operations and pending requests come from indexes of their own", () => {
  const using = (index: string) =>
    [...recorder.statements].filter((sql) =>
      recorder.plan(sql).some((detail) => `${detail} `.includes(index)),
    );
  for (const index of [
    "input_queue",
    "permission_pending",
    "question_pending",
    "turn_started",
    "turn_live",
    "operation_running",
  ])
    expect(using(`INDEX ${index} `).length, index).toBeGreaterThan(0);
  const next = using("INDEX input_queue ").find((sql) => sql.includes("LIMIT 1"));
  expect(recorder.plan(next ?? "").join(), "the queue is not sorted again").not.toContain("B-TREE");
});

test("[D-29, D-34] no list of sessions is sorted again", () => {
  const lists = [...recorder.statements].filter((sql) => /ORDER BY s\.last_position \w+ LIMIT \?/.test(sql));
  expect(lists.length).toBeGreaterThan(12);
  for (const sql of lists) expect(recorder.plan(sql).join("; "), sql).not.toContain("B-TREE");
});

test("[D-34] a turn's open parts are found by its messages", () => {
  const reads = [...recorder.statements].filter((sql) => sql.includes("p.open = 1"));
  expect(reads.length).toBeGreaterThan(0);
  for (const sql of reads) {
    expect(recorder.plan(sql).join("; "), sql).toMatch(
      /INDEX part_place \(session=\? AND message=\?\).*INDEX message_turn /,
    );
  }
});
