import type { QuestionAnswer } from "@holdfast/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { AgentQuestion } from "../../src/agents/index.ts";
import { DataDirectory, OWNER, type Room } from "../turn/room.ts";
import { endTurn } from "../turn/scripted-agent.ts";

let directory: DataDirectory;
let room: Room;

beforeAll(() => {
  directory = new DataDirectory();
});
beforeEach(async () => {
  room = await directory.start();
});
afterAll(() => directory.remove());

const QUESTION: AgentQuestion = {
  message: "Which port?",
  fields: [{ name: "port", type: "number", integer: true, minimum: 1, maximum: 65_535, required: true }],
};
const open = new AbortController().signal;

/** A turn that asks, says what it was told, and ends. */
async function asking(more: { permissionTimeoutMs?: number; withdrawn?: AbortSignal } = {}) {
  const sessionId = await room.createSession();
  room.agent.next(async ({ sink }) => {
    const answer = await sink.askQuestion(QUESTION, more.withdrawn ?? open);
    sink.emit({ type: "text", text: JSON.stringify(answer) });
    return endTurn;
  });
  return { sessionId, turnId: await room.say(sessionId, "go", more) };
}

const reply = async (answer: QuestionAnswer) =>
  room.questions.reply({ questionId: (await room.pendingQuestion()).id, answer, actor: OWNER });
const told = async (turnId: Parameters<Room["ended"]>[0]): Promise<unknown> => {
  await room.ended(turnId);
  return JSON.parse(await room.text(turnId));
};

describe("questions", () => {
  test.each<QuestionAnswer>([
    { action: "accept", content: { port: 8080 } },
    { action: "decline" },
    { action: "cancel" },
  ])("[A-19, D-10] the session waits for a human, who answers %j", async (answer) => {
    const { sessionId, turnId } = await asking();
    expect(await room.pendingQuestion()).toMatchObject({ sessionId, turnId, ...QUESTION });
    expect(await room.session(sessionId)).toMatchObject({ status: "waiting", attention: "question" });
    await reply(answer);
    expect(await told(turnId)).toEqual(answer);
    expect(await room.store.listQuestions({ sessionId })).toMatchObject([
      { state: "replied", answer, actor: OWNER },
    ]);
  });

  test("[A-19] an answer that does not fit is refused by the names of its fields, and the question stays open", async () => {
    const { turnId } = await asking();
    const wrong = await reply({ action: "accept", content: { port: 70_000, prot: 1 } }).catch(
      (error: unknown) => error,
    );
    expect(wrong).toMatchObject({
      code: "UNPROCESSABLE",
      status: 422,
      issues: [
        { path: "prot", message: "The question has no field of this name." },
        { path: "port", message: "At most 65535." },
      ],
    });
    await reply({ action: "accept", content: { port: 80 } });
    expect(await told(turnId)).toEqual({ action: "accept", content: { port: 80 } });
  });

  test("[A-19, R-14.2] without an answer until the deadline the agent is told decline, once", async () => {
    const { turnId } = await asking();
    const { id } = await room.pendingQuestion();
    room.clock.advance(59_999);
    expect((await room.store.getQuestion(id))?.state).toBe("pending");
    // The row is seen before the wait for its answer begins.
    await room.until(() => (room.clock.advance(1), room.turn(turnId)), { state: "completed" });
    expect(await told(turnId)).toEqual({ action: "decline" });
    expect(await room.store.getQuestion(id)).toMatchObject({ state: "expired", expiry: "deadline" });
  });

  test("[A-19] where nobody will answer it is recorded and declined at once", async () => {
    const { sessionId, turnId } = await asking({ permissionTimeoutMs: 0 });
    await room.until(() => (room.clock.advance(0), room.turn(turnId)), { state: "completed" });
    expect(await told(turnId)).toEqual({ action: "decline" });
    expect(await room.store.listQuestions({ sessionId })).toMatchObject([{ state: "expired" }]);
  });

  test("[A-19] one that the agent withdraws, and one that is open at the stop, end unanswered", async () => {
    const withdrawn = new AbortController();
    const { turnId } = await asking({ withdrawn: withdrawn.signal });
    const { id } = await room.pendingQuestion();
    withdrawn.abort();
    expect(await told(turnId)).toEqual({ action: "cancel" });
    expect(await room.store.getQuestion(id)).toMatchObject({ state: "expired", expiry: "withdrawn" });
    const stopped = await asking();
    const open = await room.pendingQuestion();
    room.questions.stop();
    expect(await told(stopped.turnId)).toEqual({ action: "cancel" });
    expect(await room.store.getQuestion(open.id)).toMatchObject({ state: "expired", expiry: "turnEnded" });
  });

  test("[A-18, A-8] waiting for the answer is no silence, and its place in the pool is another's meanwhile", async () => {
    room.agent.places = 1;
    const { turnId } = await asking({ permissionTimeoutMs: 86_400_000 });
    await room.pendingQuestion();
    room.agent.next(async () => endTurn);
    const other = await room.say(await room.createSession(), "another");
    await room.until(() => (room.clock.advance(1_000), room.turn(other)), { state: "completed" });
    // Far longer than an agent may be silent.
    room.clock.advance(3_600_000);
    expect(await room.turn(turnId)).toMatchObject({ state: "running" });
    expect((await room.turn(turnId)).stalled).toBeUndefined();
    await reply({ action: "decline" });
    expect(await told(turnId)).toEqual({ action: "decline" });
  });
});
