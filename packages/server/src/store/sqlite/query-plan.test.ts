import { DatabaseSync } from "node:sqlite";
import { newId } from "@holdfast/kernel";
import type { Actor, InstanceId, MessageId, SessionId } from "@holdfast/protocol";
import type { Reader, SqlValue, Tx } from "@holdfast/sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Queries, StartedTurn } from "../port.ts";
import { commandModule } from "./command-module.ts";
import { sqliteQueries } from "./queries/index.ts";

const OWNER: Actor = { id: "owner", kind: "owner", label: "Owner" };

/** Tables that stay small, and one question that is about all rows: read whole on purpose. */
const SMALL = [
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
  readonly queries: Omit<Queries, "getBlob" | "inspect">;

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
  liveThrough(sessionId);
  await readAll(sessionId);
});

afterAll(() => recorder.database.close());

function liveThrough(sessionId: SessionId): void {
  const instanceId = newId("ins");
  recorder.run("registerInstance", { id: instanceId, pid: 1, host: "h", startTime: 1 });
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
}

async function readAll(sessionId: SessionId): Promise<void> {
  const { queries } = recorder;
  const cursor = 5;
  await queries.getSession(sessionId);
  for (const page of [{}, { before: cursor }, { after: cursor }])
    for (const filter of [{}, { directory: "/d" }]) await queries.listSessions({ filter, limit: 5, ...page });
  for (const page of [{}, { before: 5 }, { after: 5 }])
    await queries.pageMessages({ sessionId, limit: 5, ...page });
  await queries.listTurns({ sessionId, limit: 5 });
  for (const state of ["queued", "delivered"] as const) await queries.listInputs({ sessionId, state });
  await queries.listPermissions({ sessionId, state: "pending" });
  await queries.listPermissions({ sessionId });
  await queries.listPermissions({ state: "pending" });
  await queries.listPermissionRules({ sessionId });
  await queries.listAgentSessions(sessionId);
  await queries.replaySession({ sessionId, after: 0, limit: 50 });
  await queries.replayFeed({ after: 0, limit: 50 });
  await queries.lastAgent("/d");
  await queries.startableSessions();
  await queries.liveTurns();
  await queries.lastPosition();
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

test("[D-34] the next input, live turns and pending requests come from indexes of their own", () => {
  const using = (index: string) =>
    [...recorder.statements].filter((sql) => recorder.plan(sql).some((detail) => detail.includes(index)));
  for (const index of ["input_queue", "permission_pending", "turn_started", "turn_live"])
    expect(using(`INDEX ${index} `).length, index).toBeGreaterThan(0);
  const next = using("INDEX input_queue ").find((sql) => sql.includes("LIMIT 1"));
  expect(recorder.plan(next ?? "").join(), "the queue is not sorted again").not.toContain("B-TREE");
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
