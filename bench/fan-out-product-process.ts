/**
 * The product's side of T-10: the whole server as `main` composes it, listening, with its real store, event room and HTTP streams. Only recovery and the
 * dispatcher are not started, because the running turn belongs to this file: it appends its progress through the store, each event one delta of
 * another open part, committed with `synchronous=FULL` before anybody hears of it. What arrives together may become one commit, as always.
 */
import { newId, randomHex, silentLogger, systemClock } from "@holdfast/kernel";
import type { Actor, TextPart } from "@holdfast/protocol";
import { compose, loadConfig } from "../packages/server/src/main/index.ts";
import type { StartedTurn, Store } from "../packages/server/src/store/index.ts";
import { serveFeed, tell, WINDOW } from "./fan-out-feed.ts";

const OWNER: Actor = { id: "owner", kind: "owner", label: "Owner" };
const TEXT = "twenty bytes of text";

const [directory = ""] = process.argv.slice(2);
const token = randomHex(32);
// An environment of its own, so that no configuration of the user's counts.
const config = loadConfig({ dataDirectory: directory, port: 0 }, { HOME: directory, HOLDFAST_TOKEN: token });
const server = await compose(config, {
  directory,
  startTime: Date.now(),
  proofKey: randomHex(32),
  clock: systemClock,
  logger: silentLogger,
});
const { store, listener } = server;
const started = await startTurn(store);
const parts = await openParts(store, started);
const { url } = await listener.listen("127.0.0.1", 0);

let next = 0;
serveFeed((events) => {
  for (let event = 0; event < events; event += 1) appendDelta();
});
process.on("disconnect", () => process.exit(0));
tell({
  type: "ready",
  url: `${url}/api/sessions/${started.session.id}/events`,
  token,
});

async function startTurn(store: Store): Promise<StartedTurn> {
  const sessionId = newId("ses");
  const [messageId, instanceId] = [newId("msg"), newId("ins")];
  await store.registerInstance({
    id: instanceId,
    pid: process.pid,
    host: "bench",
    startTime: 1,
    isAlone: true,
  });
  await store.createSession({
    actor: OWNER,
    sessionId,
    projectId: newId("prj"),
    workspaceId: newId("wsp"),
    directory,
    title: "A session",
    agent: "rehearsal",
    approvalMode: "ask",
    resumePolicy: "manual",
  });
  const part: TextPart = { id: newId("prt"), sessionId, messageId, type: "text", text: "Stream." };
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
  const [assistantMessageId, agentSessionId] = [newId("msg"), newId("ags")];
  const turn = await store.startTurn({
    sessionId,
    instanceId,
    assistantMessageId,
    agentSessionId,
    actor: OWNER,
  });
  if (turn === undefined) throw new Error("The turn did not start.");
  return turn;
}

type Growing = { part: TextPart; length: number };

/** As many open parts as events may be on their way: deltas of different parts stay events of their own. */
async function openParts(store: Store, turn: StartedTurn): Promise<Growing[]> {
  const growing = Array.from({ length: WINDOW }, (): Growing => {
    const part: TextPart = {
      id: newId("prt"),
      sessionId: turn.session.id,
      messageId: turn.assistantMessageId,
      type: "text",
      text: TEXT,
      time: { start: Date.now() },
    };
    return { part, length: TEXT.length };
  });
  await store.appendProgress({
    sessionId: turn.session.id,
    turnId: turn.turn.id,
    epoch: turn.epoch,
    ops: growing.map(({ part }) => ({ op: "part", part })),
  });
  return growing;
}

function appendDelta(): void {
  const growing = parts[next % parts.length];
  if (growing === undefined) throw new RangeError("There are no parts.");
  next += 1;
  const { part } = growing;
  const offset = growing.length;
  growing.length += TEXT.length;
  void store.appendProgress({
    sessionId: started.session.id,
    turnId: started.turn.id,
    epoch: started.epoch,
    ops: [{ op: "delta", messageId: part.messageId, partId: part.id, field: "text", offset, text: TEXT }],
  });
}
