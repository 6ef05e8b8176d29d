/** Answers that must fit a schema, over HTTP, with the rehearsal agent: its LATER lines answer the prompts that ask again. */
import { isApiError } from "@holdfast/client";
import type { AdmitInput, AssistantMessage, Message } from "@holdfast/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HoldfastProcess, startHoldfast, temporaryDirectory, until } from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";

const TURN_MS = 240_000;
const schema = {
  type: "object",
  properties: { bird: { type: "string" } },
  required: ["bird"],
  additionalProperties: false,
};
const asked = (lines: string[], retryCount = 2): AdmitInput => ({
  parts: [{ type: "text", text: lines.join("\n") }],
  format: { type: "json_schema", schema, retryCount },
});

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: HoldfastProcess;
beforeAll(async () => {
  directory = await temporaryDirectory("json-answer");
  server = await startHoldfast({ root: directory.path });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

let places = 0;
const newSession = async (on = server): Promise<string> => {
  const place = await on.place(`p${(places += 1)}`);
  return (await on.client.createSession({ directory: place, agent: "rehearsal", approvalMode: "all" })).id;
};

async function ask(sessionId: string, input: AdmitInput, on = server) {
  const answer = await on.client.admitInputAndWait(sessionId, input, { timeoutMs: TURN_MS });
  if (!answer.ended) throw new Error(`The turn did not end: ${JSON.stringify(answer.turn)}`);
  return answer;
}

const answersOf = (messages: readonly Message[]): AssistantMessage[] =>
  messages.flatMap(({ info }) => (info.role === "assistant" ? [info] : []));

test("[R-2.1, A-25] a wrong answer is asked for again in the same turn: a message of the server, a further step, and the value on the last answer alone", async () => {
  const sessionId = await newSession();
  const { turn, messages } = await ask(
    sessionId,
    asked(["SAY no bird", 'LATER {"bird": 1}', 'LATER {"bird": "heron"}']),
  );
  expect(turn).toMatchObject({ state: "completed", finish: "end_turn" });
  expect(messages.map(({ info }) => info.role)).toEqual([
    "user",
    "assistant",
    "user",
    "assistant",
    "user",
    "assistant",
  ]);
  const ordinals = messages.map(({ info }) => info.ordinal ?? -1);
  expect(ordinals).toEqual(ordinals.toSorted((one, other) => one - other));
  const answers = answersOf(messages);
  expect(answers.map(({ step }) => step)).toEqual([1, 2, 3]);
  expect(answers.map(({ parentId }) => parentId)).toEqual([0, 2, 4].map((index) => messages[index]?.info.id));
  expect(turn.assistantMessageIds).toEqual(answers.map(({ id }) => id));
  expect(answers.map((answer) => answer.structured)).toEqual([undefined, undefined, { bird: "heron" }]);
  expect(answers.map(({ metadata }) => metadata?.["validation"])).toEqual([
    { problem: expect.stringContaining("not JSON") as string, try: 1 },
    { problem: "/bird must be string", try: 2 },
    undefined,
  ]);
  for (const { time } of answers) expect(time.completed).toBeGreaterThanOrEqual(time.created);
  const types = messages.map(({ parts }) => parts.map(({ type }) => type));
  expect(types.slice(1)).toEqual([
    ["step-start", "text", "step-finish"],
    ["text"],
    ["step-start", "text", "step-finish"],
    ["text"],
    ["step-start", "text", "step-finish"],
  ]);
  const [told] = messages[2]?.parts ?? [];
  expect(told).toMatchObject({
    type: "text",
    synthetic: true,
    text: expect.stringContaining("not JSON") as string,
  });
  const { items } = await server.client.listInputs(sessionId);
  expect(items).toHaveLength(1);
  expect(items[0]?.parts).toMatchObject([{ text: expect.stringMatching(/^SAY no bird/) as string }]);
});

test.runIf(isWhole)(
  "[R-2.1] the turn fails with the true number of retries, and the last try says why",
  async () => {
    const { turn, messages } = await ask(await newSession(), asked(["SAY a", "LATER b"], 1));
    expect(turn).toMatchObject({
      state: "failed",
      error: { name: "StructuredOutputError", data: { retries: 1 } },
    });
    expect(answersOf(messages).at(-1)).toMatchObject({
      error: { name: "StructuredOutputError" },
      metadata: { validation: { try: 2 } },
    });
    const none = await ask(await newSession(), asked(["SAY a"], 0));
    expect(none.turn.error).toMatchObject({ name: "StructuredOutputError", data: { retries: 0 } });
    expect(none.messages).toHaveLength(2);
  },
);

test("[R-2.2] JSON in a fence, and behind a call, is read", async () => {
  const lines = ["THINK hard", "WRITE notes.txt x", "SAY ```json", 'SAY {"bird": "owl"}', "SAY ```"];
  const { turn, messages } = await ask(await newSession(), asked(lines, 0));
  expect(turn.state).toBe("completed");
  expect(answersOf(messages).at(-1)?.structured).toEqual({ bird: "owl" });
});

test("[D-10, R-2.1] a stop during a later try ends the turn as cancelled, with every try kept", async () => {
  const sessionId = await newSession();
  const { turn } = await server.client.admitInput(sessionId, asked(["SAY a", "LATER b"], 100));
  await until(
    "a second try",
    async () => {
      const { items } = await server.client.listMessages(sessionId, { limit: 20 });
      return answersOf(items).length >= 2 ? items : undefined;
    },
    TURN_MS,
  );
  await server.client.cancelTurn(turn.id);
  const ended = await until(
    "the turn's end",
    async () => {
      const now = await server.client.getTurn(turn.id);
      return now.time.ended === undefined ? undefined : now;
    },
    TURN_MS,
  );
  expect(ended).toMatchObject({ state: "aborted", reason: "cancelled" });
  const { items } = await server.client.listMessages(sessionId, { limit: 200 });
  const answers = answersOf(items);
  expect(answers.every(({ time }) => time.completed !== undefined)).toBe(true);
  expect(answers.every((answer) => answer.structured === undefined)).toBe(true);
  expect(answers.map(({ step }) => step)).toEqual(answers.map((_, index) => index + 1));
});

describe("[R-1.4, A-7] what cannot be honoured is refused before anything is stored, by its field", () => {
  test.each<[string, Partial<AdmitInput>]>([
    ["format.schema", { format: { type: "json_schema", schema: { type: "bird" }, retryCount: 0 } }],
    [
      "format.schema",
      { format: { type: "json_schema", schema: { $ref: "https://127.0.0.1:9/x" }, retryCount: 0 } },
    ],
    [
      "format.schema",
      { format: { type: "json_schema", schema: { const: "x".repeat(70_000) }, retryCount: 0 } },
    ],
    ["tools", { tools: { bash: false } }],
    ["model.variant", { model: { modelId: "m", variant: "high" } }],
  ])("[A-7] %s", async (field, more) => {
    const sessionId = await newSession();
    const refused = await server.client
      .admitInput(sessionId, { parts: [{ type: "text", text: "SAY x" }], ...more })
      .catch((error: unknown) => error);
    if (!isApiError(refused, "UNPROCESSABLE")) throw refused;
    expect(refused).toMatchObject({ status: 422, problem: { issues: [{ path: `body.${field}` }] } });
    expect((await server.client.listInputs(sessionId)).items).toEqual([]);
  });

  test("[A-7] a model that nobody knew of ends the turn before any prompt, by its field", async () => {
    const input: AdmitInput = { parts: [{ type: "text", text: "SAY x" }], model: { modelId: "none-such" } };
    const { turn, messages } = await ask(await newSession(), input);
    expect(turn).toMatchObject({
      state: "failed",
      error: {
        name: "AgentError",
        data: { phase: "open", message: expect.stringMatching(/^model: /) as string },
      },
    });
    expect(messages.flatMap(({ parts }) => parts).filter(({ type }) => type === "text")).toHaveLength(1);
  });
});

test.runIf(isWhole)(
  "[D-18, R-2.1] a crash between two tries loses nothing and repeats nothing, and what goes on still asks for the format",
  async () => {
    await using other = await temporaryDirectory("json-crash");
    const root = other.path;
    const dying = await startHoldfast({ root, environment: { HOLDFAST_FAULT: "turn.between-tries" } });
    const sessionId = await newSession(dying);
    await dying.client.patchSession(sessionId, { resumePolicy: "never" });
    const { turn } = await dying.client.admitInput(sessionId, asked(["SAY a", 'LATER {"bird": "late"}']));
    await until(
      "its death",
      async () => ((await dying.client.getTurn(turn.id).catch(() => "gone")) === "gone" ? true : undefined),
      TURN_MS,
    );
    await using revived = await startHoldfast({ root });
    const after = await revived.client.getTurn(turn.id);
    expect(after).toMatchObject({ state: "aborted", reason: "interrupted" });
    const { items } = await revived.client.listMessages(sessionId, { limit: 20 });
    expect(items.map(({ info }) => info.role)).toEqual(["user", "assistant", "user", "assistant"]);
    const answers = answersOf(items);
    expect(answers.map(({ error }) => error?.name)).toEqual([undefined, "MessageAbortedError"]);
    expect(answers[0]?.metadata).toMatchObject({ validation: { try: 1 } });
    expect(
      answers.every((answer) => answer.structured === undefined && answer.time.completed !== undefined),
    ).toBe(true);
    expect(after.assistantMessageIds).toEqual(answers.map(({ id }) => id));
    const { turn: next } = await revived.client.resumeTurn(turn.id);
    const ended = await until(
      "the end of what goes on",
      async () => {
        const now = await revived.client.getTurn(next.id);
        return now.time.ended === undefined ? undefined : now;
      },
      TURN_MS,
    );
    expect(ended.error).toMatchObject({ name: "StructuredOutputError", data: { retries: 2 } });
  },
);
