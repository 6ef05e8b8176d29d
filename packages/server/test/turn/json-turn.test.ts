import type { OutputFormat } from "@holdfast/protocol";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { PromptResult } from "../../src/agents/index.ts";
import { DataDirectory, OWNER, type Room } from "./room.ts";

let directory: DataDirectory;
let room: Room;

beforeAll(() => {
  directory = new DataDirectory();
});
beforeEach(async () => {
  room = await directory.start();
});
afterAll(() => directory.remove());

const format: OutputFormat = { type: "json_schema", schema: { type: "number" }, retryCount: 1 };
const ended = (input: number): PromptResult => ({
  outcome: "ended",
  stopReason: "end_turn",
  usage: { tokens: { input }, cost: 1, scope: "turn" },
});
const answersOf = async (turnId: Parameters<Room["ended"]>[0]) =>
  (await room.store.messagesOfTurn(turnId)).flatMap(({ info }) => (info.role === "assistant" ? [info] : []));

test("[R-2.1, A-21] each try has the usage of its own prompt, the turn that of all, and only the first prompt has the user's words", async () => {
  room.agent.next(({ sink }) => {
    sink.emit({ type: "text", text: "seven" });
    return Promise.resolve(ended(2));
  });
  room.agent.next(({ sink }) => {
    sink.emit({ type: "text", text: "7" });
    return Promise.resolve(ended(3));
  });
  const turnId = await room.say(await room.createSession(), "how many?", { format });
  const turn = await room.ended(turnId);
  expect(turn).toMatchObject({ state: "completed", usage: { tokens: { input: 5 }, cost: 2 } });
  expect(await answersOf(turnId)).toMatchObject([
    { step: 1, tokens: { input: 2 }, finish: "end_turn", metadata: { validation: { try: 1 } } },
    { step: 2, tokens: { input: 3 }, finish: "end_turn", structured: 7 },
  ]);
  expect(room.agent.prompts.map((text) => text.includes("how many?"))).toEqual([true, false]);
  expect(room.agent.prompts[1]).toContain("not JSON");
});

test("[R-2.1, A-15] a stop that comes while an answer is judged ends the turn: no further step begins, and nothing is prompted", async () => {
  const sessionId = await room.createSession();
  room.agent.next(async ({ sink }) => {
    sink.emit({ type: "text", text: "seven" });
    const [turn] = (await room.store.listTurns({ sessionId, limit: 1 })).items;
    if (turn !== undefined) await room.turns.cancel({ turnId: turn.id, actor: OWNER });
    return ended(2);
  });
  const turnId = await room.say(sessionId, "how many?", { format });
  expect(await room.ended(turnId)).toMatchObject({ state: "aborted", reason: "cancelled" });
  expect(await answersOf(turnId)).toMatchObject([{ step: 1, error: { name: "MessageAbortedError" } }]);
  expect(room.agent.prompts).toHaveLength(1);
});

test("[R-2.1] an answer that is cut ends the turn as it would without a format", async () => {
  room.agent.next(() => Promise.resolve({ outcome: "ended", stopReason: "max_tokens" }));
  const turnId = await room.say(await room.createSession(), "how many?", { format });
  expect(await room.ended(turnId)).toMatchObject({
    state: "failed",
    error: { name: "MessageOutputLengthError" },
  });
});
