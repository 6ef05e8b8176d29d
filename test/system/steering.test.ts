/** Words for a turn that runs, on the real server, with the rehearsal agent (D-6, A-28). */
import type { AdmitInput, Message, Turn } from "@holdfast/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type HoldfastProcess, startHoldfast, temporaryDirectory, until } from "../harness/index.ts";
import { isWhole, sampleOf } from "../harness/sample.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: HoldfastProcess;
let places = 0;

beforeAll(async () => {
  directory = await temporaryDirectory("steering");
  server = await startHoldfast({ root: directory.path });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

const words = (text: string): AdmitInput => ({ parts: [{ type: "text", text }] });

/** A session whose agent was told this, and then works until it is stopped. */
async function working(text: string, on = server) {
  const place = await on.place(`place-${(places += 1)}`);
  const session = await on.client.createSession({
    directory: place,
    agent: "rehearsal",
    approvalMode: "all",
  });
  const { turn } = await on.client.admitInput(session.id, words(`${text}\nSAY begun\nSLOW 100000 20`));
  await until("its work", async () => ((await said(session.id, on)).includes("begun") ? true : undefined));
  return { sessionId: session.id, turnId: turn.id };
}

const steer = (sessionId: string, text: string, on = server) =>
  on.client.admitInput(sessionId, { ...words(text), delivery: "steer" });

const textOf = ({ parts }: Message) => parts.map((part) => (part.type === "text" ? part.text : "")).join("");

async function said(sessionId: string, on = server): Promise<string> {
  const { items } = await on.client.listMessages(sessionId);
  return items.map((message) => (message.info.role === "assistant" ? textOf(message) : "")).join("");
}

const turnWhen = (turnId: string, isSo: (turn: Turn) => boolean, on = server): Promise<Turn> =>
  until("the turn", async () => {
    const turn = await on.client.getTurn(turnId);
    return isSo(turn) ? turn : undefined;
  });
const ended = (turnId: string, on = server) => turnWhen(turnId, ({ time }) => time.ended !== undefined, on);

test("[A-28, D-6] what an agent does with it is known before it is sent, and a steer goes into the turn that runs: its words are there, in that turn's answer, and who waits for it gets that turn", async () => {
  const { sessionId, turnId } = await working("SAY first");
  const { items } = await server.client.listAgents();
  expect(items.find(({ id }) => id === "rehearsal")?.features.steer).toBe("yes");
  const { input, turn } = await steer(sessionId, "SAY turned");
  expect([input.requestedDelivery, input.delivery]).toEqual(["steer", "steer"]);
  await until("the words", async () => ((await said(sessionId)).includes("turned") ? true : undefined));
  const own = await ended(turn.id);
  expect(own).toMatchObject({ state: "completed", reason: "steered", mergedInto: turnId });
  expect((await server.client.getTurn(turnId)).state).toBe("running");
  await server.client.cancelTurn(turnId);
  const { items: messages } = await server.client.listMessages(sessionId);
  expect(messages.map(({ info }) => [info.role, info.turnId])).toEqual([
    ["user", turnId],
    ["assistant", turnId],
    ["user", turn.id],
  ]);
  expect((await ended(turnId)).reason).toBe("cancelled");
  const { items: inputs } = await server.client.listInputs(sessionId);
  expect(inputs.map(({ state }) => state)).toEqual(["delivered", "delivered"]);
});

test("[A-28] what the agent refuses is the next turn, ahead of the queue, and says why until then", async () => {
  const { sessionId, turnId } = await working("STEER failed no room for this");
  const queued = await server.client.admitInput(sessionId, words("SAY later"));
  const { turn } = await steer(sessionId, "SAY sooner");
  const back = await turnWhen(turn.id, ({ waitingFor }) => waitingFor !== undefined);
  expect(back).toMatchObject({
    state: "queued",
    waitingFor: { kind: "turn", holder: turnId, detail: "no room for this" },
  });
  await server.client.cancelTurn(turnId);
  await server.client.resumeQueue(sessionId);
  const [first, second] = [await ended(turn.id), await ended(queued.turn.id)];
  expect([first.state, second.state]).toEqual(["completed", "completed"]);
  expect(first.time.started).toBeLessThanOrEqual(second.time.started ?? 0);
});

test.runIf(isWhole)(
  "[A-28] where the agent takes nothing, stopping and sending puts the message before all that waits",
  async () => {
    const { sessionId, turnId } = await working("SAY first");
    const queued = await server.client.admitInput(sessionId, words("SAY later"));
    const { turn } = await server.client.stopAndSend({ sessionId, turnId }, words("SAY sooner"), {
      idempotencyKey: "once",
    });
    expect(await ended(turnId)).toMatchObject({ state: "aborted", reason: "superseded" });
    const [first, second] = [await ended(turn.id), await ended(queued.turn.id)];
    expect([first.state, second.state]).toEqual(["completed", "completed"]);
    expect((await said(sessionId)).replaceAll("\n", " ")).toMatch(/sooner later $/);
    const again = await server.client.stopAndSend({ sessionId, turnId }, words("SAY sooner"), {
      idempotencyKey: "once",
    });
    expect(again.turn.id).toBe(turn.id);
  },
);

test.each(sampleOf(["turn.steer-offered", "turn.steer-answered"], 1))(
  "[D-6, D-18] a kill at %s gives the words to no agent again, and says that nobody knows",
  async (fault) => {
    await using other = await temporaryDirectory("steering-crash");
    const root = other.path;
    const dying = await startHoldfast({ root, environment: { HOLDFAST_FAULT: fault } });
    const { sessionId, turnId } = await working("SAY first", dying);
    await dying.client.patchSession(sessionId, { resumePolicy: "never" });
    const { turn } = await steer(sessionId, "SAY turned", dying);
    await until("its death", async () =>
      (await dying.client.getTurn(turn.id).catch(() => "gone")) === "gone" ? true : undefined,
    );
    await using revived = await startHoldfast({ root });
    expect(await revived.client.getTurn(turnId)).toMatchObject({ state: "aborted", reason: "interrupted" });
    expect(await revived.client.getTurn(turn.id)).toMatchObject({ state: "aborted", reason: "interrupted" });
    const { turn: next } = await revived.client.admitInput(sessionId, words("SAY after"));
    expect((await ended(next.id, revived)).state).toBe("completed");
    const { items } = await revived.client.listMessages(sessionId);
    const asked = items.filter(({ info }) => info.role === "user").map(({ info }) => info.turnId);
    expect(asked).toEqual([turnId, turn.id, next.id]);
    expect((await said(sessionId, revived)).match(/turned/g)?.length ?? 0).toBeLessThanOrEqual(1);
  },
);
