import { newId, silentLogger, systemClock } from "@holdfast/kernel";
import type { Actor, SessionId, TextPart } from "@holdfast/protocol";
import type { StartedTurn, Store } from "../packages/server/src/store/index.ts";
import { openSqliteStore } from "../packages/server/src/store/sqlite/index.ts";
import { ByteBudget, DEFAULT_TURN_SETTINGS, Recorder } from "../packages/server/src/turn/index.ts";
import { PROMPT, type StoredTurn, type TurnStore } from "./ingestion-turn.ts";

const OWNER: Actor = { id: "owner", kind: "owner", label: "Owner" };
const TURN: Actor = { id: "system:turn", kind: "system", label: "turn" };
const TABLES = ["turn", "input", "message", "part", "event"];

/** The product's side of T-1: the real recorder on the real store, as a running turn uses them. */
export async function openProduct(directory: string, sessions: number): Promise<TurnStore> {
  const store = await openSqliteStore({ directory, synchronous: "FULL" });
  const instanceId = newId("ins");
  const budget = new ByteBudget(DEFAULT_TURN_SETTINGS.bytes);
  await store.registerInstance({
    id: instanceId,
    pid: process.pid,
    host: "bench",
    startTime: 1,
    isAlone: true,
  });
  const ids: SessionId[] = [];
  for (let session = 0; session < sessions; session += 1) ids.push(await createSession(store, directory));
  return {
    async begin(session) {
      const sessionId = ids[session];
      if (sessionId === undefined) throw new RangeError(`There is no session ${session}.`);
      await admit(store, sessionId);
      const started = await store.startTurn({
        sessionId,
        instanceId,
        assistantMessageId: newId("msg"),
        agentSessionId: newId("ags"),
        actor: TURN,
        // The sessions of a bench share one directory and run beside each other.
        writes: false,
      });
      if (started === undefined) throw new Error("An admitted turn did not start.");
      return storedTurn(store, budget, started);
    },
    work: () => ({ commits: store.runner.stats().groups, rows: countRows(store) }),
    close: () => store.close(),
  };
}

async function createSession(store: Store, directory: string): Promise<SessionId> {
  const { value } = await store.createSession({
    actor: OWNER,
    sessionId: newId("ses"),
    projectId: newId("prj"),
    workspaceId: newId("wsp"),
    directory,
    title: "A session",
    agent: "rehearsal",
    approvalMode: "ask",
    resumePolicy: "manual",
  });
  return value.id;
}

async function admit(store: Store, sessionId: SessionId): Promise<void> {
  const messageId = newId("msg");
  const part: TextPart = { id: newId("prt"), sessionId, messageId, type: "text", text: PROMPT };
  await store.admitInput({
    actor: OWNER,
    sessionId,
    inputId: newId("inp"),
    turnId: newId("trn"),
    messageId,
    parts: [part],
    requestedDelivery: "queue",
    delivery: "queue",
    agent: "rehearsal",
  });
}

function storedTurn(store: Store, budget: ByteBudget, started: StartedTurn): StoredTurn {
  const { epoch, session, turn, agentSession } = started;
  const account = budget.open();
  const recorder = new Recorder(
    {
      store,
      clock: systemClock,
      logger: silentLogger,
      account,
      signal: new AbortController().signal,
      onFailure: () => undefined,
    },
    {
      sessionId: session.id,
      turnId: turn.id,
      epoch,
      parentId: turn.messageId,
      messageId: started.assistantMessageId,
      agentSessionId: agentSession.id,
      agent: turn.agent,
      mask: (text) => text,
    },
  );
  const acknowledged = async (): Promise<void> => {
    await recorder.flushed();
    if (!recorder.takesContent) throw new Error("The recorder failed.");
  };
  recorder.begin();
  return {
    delta: (text) => recorder.emit({ type: "text", text }),
    tool: (update) => recorder.emit({ type: "tool", update }),
    acknowledged,
    async finalize() {
      await recorder.fence(0);
      await acknowledged();
      await store.beginFinalize({ turnId: turn.id, epoch, record: { state: "completed", finish: "stop" } });
      await store.finalizeTurn({ turnId: turn.id, epoch, actor: TURN, stepFinishPartId: newId("prt") });
      recorder.close();
    },
  };
}

function countRows(store: Awaited<ReturnType<typeof openSqliteStore>>): Record<string, number> {
  const count = (table: string) =>
    store.runner.reader.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)?.n ?? 0;
  return Object.fromEntries(TABLES.map((table) => [table, count(table)]));
}
