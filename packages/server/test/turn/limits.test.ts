import type { APIError, SessionId, TurnId } from "@holdfast/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { PromptResult } from "../../src/agents/index.ts";
import { DataDirectory, OWNER, type Room } from "./room.ts";
import { endTurn, type Script } from "./scripted-agent.ts";

const HOUR_MS = 3_600_000;

const refusal: APIError = {
  name: "APIError",
  data: {
    message: "no more",
    statusCode: 429,
    isRetryable: true,
    responseHeaders: { "retry-after-ms": String(HOUR_MS) },
  },
};
/** An agent whose limit is over in an hour. */
const atLimit: Script = () => Promise.resolve<PromptResult>({ outcome: "failed", error: refusal });

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

const untilReset = () => room.clock.now() + HOUR_MS;
const waitsForReset = (turnId: TurnId, until: number) =>
  room.until(() => room.turn(turnId), {
    state: "queued",
    waitingFor: { kind: "limit", holder: "rehearsal", until },
  });
/** Lets time pass until the turn starts, and waits until it is as expected. */
const inTime = (turnId: TurnId, expected: object) =>
  room.until(async () => {
    const turn = await room.turn(turnId);
    if (turn.state === "queued") room.clock.advance(60_000);
    return turn;
  }, expected);
const goesOnFrom = async (turnId: TurnId) =>
  (await room.store.listTurns({ sessionId, limit: 10 })).items.filter(({ resumes }) => resumes === turnId);

test("[A-29, D-8] a turn that ends at a limit says when it is over; what is asked next waits until then, and nothing else happens by itself", async () => {
  const until = untilReset();
  room.agent.next(atLimit);
  const first = await room.say(sessionId, "one");
  expect(await room.ended(first)).toMatchObject({
    state: "failed",
    reason: "limited",
    error: { name: "APIError", data: { message: "no more", resetAt: until } },
  });
  const next = await room.say(sessionId, "two");
  await waitsForReset(next, until);
  expect(room.agent.prompts).toEqual(["one"]);
  await inTime(next, { state: "completed" });
  expect(room.clock.now()).toBeGreaterThanOrEqual(until);
  expect(room.agent.prompts).toEqual(["one", "two"]);
  expect(await room.session(sessionId)).not.toHaveProperty("suspended");
  expect(await goesOnFrom(first)).toEqual([]);
});

test("[A-29] letting the queue go on sends it at once; another agent does not wait at all", async () => {
  room.agent.next(atLimit);
  await room.ended(await room.say(sessionId, "one"));
  expect(await room.ended(await room.say(sessionId, "other", { agent: "reader" }))).toMatchObject({
    state: "completed",
  });
  const next = await room.say(sessionId, "two");
  await waitsForReset(next, untilReset());
  expect(await room.ended(await room.say(sessionId, "another", { agent: "reader" }))).toMatchObject({
    state: "completed",
  });
  await waitsForReset(next, untilReset());
  await room.store.resumeQueue({ sessionId, actor: OWNER });
  room.turns.wake(sessionId, { byHand: true });
  expect(await room.ended(next)).toMatchObject({ state: "completed" });
});

test("[A-29, D-20] where it is asked for, a new turn goes on once at the reset, ahead of the queue, also after a crash; not after a second limit", async () => {
  const until = untilReset();
  await room.store.patchSession({ sessionId, patch: { limitAttempts: 1 }, actor: OWNER });
  room.agent.next(atLimit);
  const first = await room.say(sessionId, "one");
  const queued = await room.admit(sessionId, "two");
  await room.ended(first);
  room.crash();
  room = await directory.start();
  room.agent.next(atLimit);
  await room.turns.recover();
  const [going] = await goesOnFrom(first);
  if (going === undefined) throw new Error("Nothing goes on.");
  await waitsForReset(going.id, until);
  expect(room.agent.prompts).toEqual([]);
  await inTime(going.id, { state: "failed", reason: "limited", attempts: 2, actor: { kind: "system" } });
  await inTime(queued, { state: "completed" });
  expect(room.agent.prompts).toEqual([expect.stringContaining("Your usage limit was reached"), "two"]);
  expect(await goesOnFrom(going.id)).toEqual([]);
});

test("[A-29, D-7] a crash between the record and the end of a turn at its limit admits what goes on once", async () => {
  await room.store.patchSession({ sessionId, patch: { limitAttempts: 1 }, actor: OWNER });
  room.crash();
  room = await directory.start({ death: { command: "finalizeTurn", side: "before" } });
  room.agent.next(atLimit);
  const first = await room.say(sessionId, "one");
  await room.until(() => room.dead, true);
  room = await directory.start();
  await room.turns.recover();
  expect(await room.turn(first)).toMatchObject({ state: "failed", reason: "limited" });
  expect(await goesOnFrom(first)).toMatchObject([{ state: "queued" }]);
});

test("[A-29, R-13.1] an agent that waits for more than two minutes by itself is stopped, and its turn ends at the limit", async () => {
  const next = untilReset();
  room.agent.next(async ({ sink, cancelled }) => {
    sink.emit({ type: "retry", failed: { attempt: 1, error: refusal, next } });
    await cancelled;
    return { outcome: "ended", stopReason: "cancelled" };
  });
  const turn = await room.ended(await room.say(sessionId, "one"));
  expect(turn).toMatchObject({
    state: "failed",
    reason: "limited",
    error: { data: { message: "no more", resetAt: next } },
  });
  const session = await room.session(sessionId);
  expect(session).toMatchObject({ status: "idle", suspended: { agent: "rehearsal", until: next } });
  expect(session).not.toHaveProperty("retry");
});

test("[A-29, R-13.1] a next try within two minutes is waited for", async () => {
  const goOn = Promise.withResolvers<void>();
  room.agent.next(async ({ sink }) => {
    sink.emit({ type: "retry", failed: { attempt: 1, error: refusal, next: room.clock.now() + 120_000 } });
    await goOn.promise;
    return endTurn;
  });
  const turnId = await room.say(sessionId, "one");
  await room.until(() => room.session(sessionId), { status: "retry" });
  goOn.resolve();
  expect(await room.ended(turnId)).toMatchObject({ state: "completed" });
});
