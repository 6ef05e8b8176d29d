import type { SessionId, TurnId } from "@holdfast/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { SteerResult } from "../../src/agents/index.ts";
import type { Death } from "./mortal-store.ts";
import { DataDirectory, OWNER, type Room } from "./room.ts";
import { endTurn } from "./scripted-agent.ts";

let directory: DataDirectory;
let room: Room;

beforeAll(() => {
  directory = new DataDirectory();
});
afterAll(() => directory.remove());
beforeEach(() => start());
afterEach(() => room.crash());

/** What the agent answers to each text that is given to it; a text that is not named has no answer until somebody gives it one. */
let answers: Map<string, PromiseWithResolvers<SteerResult>>;

async function start(death?: Death): Promise<void> {
  room = await directory.start(death === undefined ? {} : { death });
  answers = new Map();
  room.agent.steering = (text) => answerTo(text).promise;
}

function answerTo(text: string): PromiseWithResolvers<SteerResult> {
  const known = answers.get(text) ?? Promise.withResolvers<SteerResult>();
  answers.set(text, known);
  return known;
}

/** A turn whose agent has been prompted and goes on until `end`. */
async function running(): Promise<{ sessionId: SessionId; turnId: TurnId; end: () => void }> {
  const sessionId = await room.createSession();
  const over = Promise.withResolvers<void>();
  room.agent.next(async ({ sink, cancelled }) => {
    sink.emit({ type: "text", text: "working" });
    await Promise.race([over.promise, cancelled]);
    return endTurn;
  });
  const turnId = await room.say(sessionId, "begin");
  await room.until(() => room.text(turnId), "working");
  return { sessionId, turnId, end: over.resolve };
}

const steer = (sessionId: SessionId, text: string) => room.say(sessionId, text, { steer: true });
const given = (...texts: string[]) => room.until(() => room.agent.steered, texts);

test("[D-6] what is taken into the running turn ends its own turn as steered, whoever waits for it gets the end of the running one, and no prompt says it again", async () => {
  const { sessionId, turnId, end } = await running();
  const own = await steer(sessionId, "left");
  await given("left");
  expect(await room.turn(own), "stored before the agent was told").toMatchObject({
    state: "queued",
    mergedInto: turnId,
  });
  answerTo("left").resolve({ outcome: "injected" });
  await room.until(() => room.turn(own), { state: "completed", reason: "steered", mergedInto: turnId });
  const waited = room.ended(own);
  end();
  expect((await waited).id).toBe(turnId);
  expect(await room.ended(turnId)).toMatchObject({ state: "completed" });
  expect(room.agent.prompts).toEqual(["begin"]);
});

test("[R-1.6, A-28] what the agent begins once it has the message answers it, as a step behind it; what it goes on with stays where it is", async () => {
  const sessionId = await room.createSession();
  const taken = Promise.withResolvers<void>();
  room.agent.next(async ({ sink }) => {
    sink.emit({ type: "text", text: "work", streamId: "1" });
    sink.emit({ type: "tool", update: { callId: "c", tool: "bash", status: "running" } });
    await taken.promise;
    sink.emit({ type: "tool", update: { callId: "c", status: "completed", output: "a" } });
    sink.emit({ type: "text", text: "left then", streamId: "2" });
    sink.emit({ type: "tool", update: { callId: "d", tool: "bash", status: "completed" } });
    return endTurn;
  });
  const turnId = await room.say(sessionId, "begin");
  await room.until(() => room.text(turnId), "work");
  const own = await steer(sessionId, "left");
  await given("left");
  answerTo("left").resolve({ outcome: "injected" });
  await room.until(() => room.turn(own), { reason: "steered" });
  // Answered behind the end of the steer, so that the turn has heard of it.
  await room.store.heartbeat({ instanceId: room.instanceId });
  taken.resolve();
  await room.ended(turnId);
  const both = await Promise.all([turnId, own].map((id) => room.store.messagesOfTurn(id)));
  const messages = both.flat().toSorted((a, b) => (a.info.ordinal ?? 0) - (b.info.ordinal ?? 0));
  const [asked, first, said, second] = messages;
  expect(messages.map(({ info }) => [info.role, info.turnId])).toEqual([
    ["user", turnId],
    ["assistant", turnId],
    ["user", own],
    ["assistant", turnId],
  ]);
  const answers = [first, second].map((answer) =>
    answer?.parts.flatMap((part) =>
      part.type === "text" ? [part.text] : part.type === "tool" ? [part.callId] : [],
    ),
  );
  expect(answers).toEqual([
    ["work", "c"],
    ["left then", "d"],
  ]);
  expect([first?.info, second?.info]).toMatchObject([
    { parentId: asked?.info.id, step: 1 },
    { parentId: said?.info.id, step: 2 },
  ]);
});

test("[D-6] several are given one after another in their order, also one that was said while the agent was being opened", async () => {
  const opening = Promise.withResolvers<void>();
  room.agent.openings.push(opening.promise);
  const sessionId = await room.createSession();
  room.agent.next(async ({ cancelled }) => {
    await cancelled;
    return endTurn;
  });
  const turnId = await room.say(sessionId, "begin");
  await room.until(() => room.turn(turnId), { state: "running" });
  await steer(sessionId, "one");
  opening.resolve();
  await given("one");
  await steer(sessionId, "two");
  answerTo("one").resolve({ outcome: "injected" });
  await given("one", "two");
  answerTo("two").resolve({ outcome: "injected" });
  await room.turns.cancel({ turnId, actor: OWNER });
  expect(await room.ended(turnId)).toMatchObject({ state: "aborted", reason: "cancelled" });
});

const refusals: [SteerResult, object | undefined][] = [
  [{ outcome: "promptRequired" }, undefined],
  [
    { outcome: "failed", message: "no room" },
    { kind: "turn", detail: "no room" },
  ],
];
test.each(refusals)(
  "[A-28] what the agent does not take (%j) is the next prompt, ahead of the queue, and nothing that comes later overtakes it",
  async (answer, waitingFor) => {
    const { sessionId, turnId, end } = await running();
    await room.say(sessionId, "queued");
    const first = await steer(sessionId, "first");
    await given("first");
    answerTo("first").resolve(answer);
    await room.until(async () => (await room.turn(first)).mergedInto, undefined);
    expect(await room.turn(first)).toMatchObject({ state: "queued" });
    if (waitingFor !== undefined) expect((await room.turn(first)).waitingFor).toMatchObject(waitingFor);
    const second = await steer(sessionId, "second");
    end();
    await room.ended(turnId);
    await Promise.all([room.ended(first), room.ended(second)]);
    expect(room.agent.prompts.slice(0, 3)).toEqual(["begin", "first", "second"]);
    expect(room.agent.steered).toEqual(["first"]);
  },
);

test("[D-6] what an agent said nothing of that tells is not given again, and its turn says so", async () => {
  const { sessionId, turnId, end } = await running();
  const own = await steer(sessionId, "left");
  await given("left");
  answerTo("left").resolve({ outcome: "unknown" });
  const turn = await room.ended(own);
  expect(turn).toMatchObject({ id: own, state: "aborted", reason: "interrupted" });
  end();
  await room.ended(turnId);
  expect(room.agent.prompts).toEqual(["begin"]);
});

const deaths: Death[] = [
  { command: "offerSteer", side: "after" },
  { command: "endSteer", side: "before" },
];
test.each(deaths)(
  "[D-6, D-18] a crash between the mark and the answer ($command $side) gives nothing twice: its turn is interrupted with the one it went into",
  async (death) => {
    await start(death);
    const { sessionId, turnId } = await running();
    const own = await steer(sessionId, "left");
    answerTo("left").resolve({ outcome: "injected" });
    await room.until(() => room.dead, true);
    await start();
    await room.turns.recover();
    expect(await room.turn(turnId)).toMatchObject({ state: "aborted", reason: "interrupted" });
    expect(await room.turn(own)).toMatchObject({ state: "aborted", reason: "interrupted" });
    room.turns.wake(sessionId, { byHand: true });
    expect(await room.store.nextTurn(sessionId)).toBeUndefined();
    expect(room.agent.prompts).toEqual([]);
    expect(room.agent.steered).toEqual([]);
  },
);

test("[D-6] an agent that takes nothing during a turn is given nothing: it runs ahead of the queue", async () => {
  room.agent.steering = undefined;
  const { sessionId, turnId, end } = await running();
  await room.say(sessionId, "queued");
  const own = await steer(sessionId, "left");
  end();
  await room.ended(turnId);
  await room.ended(own);
  expect(room.agent.prompts.slice(0, 2)).toEqual(["begin", "left"]);
});
