/** Cases that other session servers learnt the hard way (session-model 11), where no other test holds them. */
import type { SessionId, ToolState, TurnId } from "@holdfast/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { PromptResult } from "../../src/agents/index.ts";
import { DataDirectory, OWNER, type Room } from "./room.ts";
import { agentError, endTurn, type Script } from "./scripted-agent.ts";

let directory: DataDirectory;
let room: Room;
let sessionId: SessionId;

beforeAll(() => {
  directory = new DataDirectory();
});
beforeEach(async () => {
  room = await directory.start();
  sessionId = await room.createSession();
});
afterEach(() => room.crash());
afterAll(() => directory.remove());

const cancel = (turnId: TurnId) => room.turns.cancel({ turnId, actor: OWNER });
const running = (turnId: TurnId) => room.until(() => room.turn(turnId), { state: "running" });
const statuses = () =>
  room.events
    .filter((event) => event.sessionId === sessionId && event.type === "session.status")
    .map(({ data }) => (JSON.parse(data) as { status: string }).status);

/** Working until it is let go, then it ends so. */
function held(result: PromptResult): { script: Script; release: () => void } {
  const gate = Promise.withResolvers<void>();
  return { script: () => gate.promise.then(() => result), release: () => gate.resolve() };
}

test("[R-17.10] calls that the agent leaves open at a stop end as interrupted, with what they had", async () => {
  room.agent.next(async ({ sink, cancelled }) => {
    sink.emit({ type: "tool", update: { callId: "begun", tool: "bash", status: "pending", raw: '{"a' } });
    sink.emit({ type: "tool", update: { callId: "running", tool: "bash", status: "running", output: "so" } });
    sink.emit({ type: "text", text: "working" });
    await cancelled;
    return { outcome: "ended", stopReason: "cancelled" };
  });
  const turnId = await room.say(sessionId, "hello");
  await room.until(() => room.text(turnId), "working");
  await cancel(turnId);
  await room.until(() => (room.clock.advance(250), room.turn(turnId)), {
    state: "aborted",
    reason: "cancelled",
  });
  const states: Record<string, ToolState> = {};
  for (const part of (await room.answer(turnId)).parts)
    if (part.type === "tool") states[part.callId] = part.state;
  const cut = {
    status: "error",
    metadata: { interrupted: true },
    time: { end: expect.any(Number) as number },
  };
  expect(states).toMatchObject({ begun: { ...cut, raw: '{"a' }, running: { ...cut, output: "so" } });
});

test("[R-17.12] a turn that its agent calls cancelled by itself ends as one that was stopped", async () => {
  room.agent.next(() => Promise.resolve({ outcome: "ended", stopReason: "cancelled" }));
  const turnId = await room.say(sessionId, "hello");
  const error = { name: "MessageAbortedError" };
  expect(await room.ended(turnId)).toMatchObject({ state: "aborted", reason: "cancelled", error });
  expect((await room.answer(turnId)).info).toMatchObject({
    error,
    time: { completed: expect.any(Number) as number },
  });
  expect(room.turnEvents(turnId).at(-1)).toBe("turn.aborted");
  expect(await room.session(sessionId)).toMatchObject({ status: "idle" });
});

test("[R-17.15] a session is busy while a turn runs, idle behind it, and told once of each", async () => {
  const { script, release } = held(endTurn);
  room.agent.next(script);
  const turnId = await room.say(sessionId, "hello");
  await running(turnId);
  expect(await room.session(sessionId)).toMatchObject({ status: "busy" });
  release();
  await room.ended(turnId);
  expect(await room.session(sessionId)).toMatchObject({ status: "idle" });
  expect(statuses()).toEqual(["busy", "idle"]);
});

test("[R-17.15] turns that are stopped twice before their agent is open leave no answer without an end", async () => {
  const turns: TurnId[] = [];
  for (const text of ["one", "two"]) {
    room.agent.openings.push(new Promise<void>(() => undefined));
    const turnId = await room.say(sessionId, text);
    await running(turnId);
    await Promise.all([cancel(turnId), cancel(turnId)]);
    await room.ended(turnId);
    turns.push(turnId);
  }
  for (const turnId of turns) {
    const { messageId } = await room.turn(turnId);
    const infos = (await room.store.messagesOfTurn(turnId)).map(({ info }) => info);
    expect(infos.filter(({ role }) => role === "assistant")).toMatchObject([
      {
        parentId: messageId,
        error: { name: "MessageAbortedError" },
        time: { completed: expect.any(Number) as number },
      },
    ]);
  }
  expect(room.agent.prompts).toEqual([]);
});

test.each<[string, PromptResult, string]>([
  ["that completes", endTurn, "completed"],
  ["that fails", { outcome: "failed", error: agentError("prompt") }, "failed"],
])("[R-17.18] everybody who waits for a turn %s gets the same end", async (_name, result, state) => {
  const { script, release } = held(result);
  room.agent.next(script);
  const turnId = await room.say(sessionId, "hello");
  const waiting = Array.from({ length: 5 }, () => room.ended(turnId));
  await running(turnId);
  release();
  const ends = await Promise.all(waiting);
  expect(ends[0]).toMatchObject({ id: turnId, state });
  expect(ends.every((end) => JSON.stringify(end) === JSON.stringify(ends[0]))).toBe(true);
});

test("[R-17.18] what is asked during a turn is the next turn, and each answer names what it answers", async () => {
  const { script, release } = held(endTurn);
  room.agent.next(script);
  const one = await room.say(sessionId, "one");
  await running(one);
  const two = await room.say(sessionId, "two");
  expect(await room.turn(two)).toMatchObject({ state: "queued" });
  release();
  await room.ended(two);
  expect(room.agent.prompts).toEqual(["one", "two"]);
  for (const turnId of [one, two])
    expect((await room.answer(turnId)).info).toMatchObject({
      parentId: (await room.turn(turnId)).messageId,
    });
});
