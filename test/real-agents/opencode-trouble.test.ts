/** What real opencode makes of a model in trouble, on the scripted model: refusals, tries that it repeats, compactions. */
import type { Message, Turn } from "@holdfast/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryDirectory, until } from "../harness/index.ts";
import { matrixAgent } from "../matrix/agents.ts";
import { Bench, type Place, STEP_MS } from "../matrix/bench.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let bench: Bench;

beforeAll(async () => {
  directory = await temporaryDirectory("opencode-trouble");
  bench = await Bench.open(matrixAgent("opencode"), directory.path);
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

const answersOf = async (place: Place, turn: Turn): Promise<Message[]> => {
  const { items } = await bench.client.listMessages(place.sessionId, { limit: 100 });
  return items.filter(({ info }) => turn.assistantMessageIds.includes(info.id));
};

test("[A-25, R-3.2] a refusal of the model's provider fails the turn with what the provider said", async () => {
  const place = await bench.newPlace();
  const headers = { "x-request-id": "req_1", "set-cookie": "session=abc" };
  const body = { error: { message: "not for you", code: "forbidden" } };
  const { turn } = await bench.ask(place, `FAIL 403 ${JSON.stringify({ headers, body })}`);
  expect(turn).toMatchObject({
    state: "failed",
    reason: "error",
    error: {
      name: "APIError",
      data: {
        message: "not for you",
        statusCode: 403,
        isRetryable: false,
        responseHeaders: { "x-request-id": "req_1", "set-cookie": "[redacted]" },
        responseBody: JSON.stringify(body),
        metadata: { url: expect.stringMatching(/^http.*\/chat\/completions$/) as unknown },
      },
    },
  });
  expect((await answersOf(place, turn)).at(-1)?.info).toMatchObject({ error: turn.error });
  const unknown = await bench.ask(place, "FAIL 401 Incorrect API key provided.");
  expect(unknown.turn.error).toMatchObject({ name: "ProviderAuthError", data: { providerId: "fake" } });
});

test("[R-13.1, D-15] a step that fails in mid-stream is tried again: its text stays marked, the wait is shown and then gone", async () => {
  const place = await bench.newPlace();
  const admitted = await bench.admit(place, "SAY begun", "FAIL 500 broke", "SAY recovered");
  const waiting = await until(
    "the wait before the next try",
    async () => {
      const session = await bench.client.getSession(place.sessionId);
      return session.status === "retry" ? session : undefined;
    },
    STEP_MS,
  );
  expect(waiting.retry).toMatchObject({ attempt: 1, message: "broke" });
  const turn = await bench.ended(admitted);
  expect(turn).toMatchObject({ state: "completed" });
  const parts = (await answersOf(place, turn)).flatMap((answer) => answer.parts);
  expect(
    parts.flatMap((part): unknown[][] => {
      if (part.type === "text") return [[part.text, part.attempt]];
      return part.type === "retry" ? [[part.type, part.number, part.error.data]] : [];
    }),
  ).toEqual([
    ["begun", 1],
    ["retry", 1, expect.objectContaining({ message: "broke", isRetryable: true })],
    ["recovered", undefined],
  ]);
  const { status, retry } = await bench.client.getSession(place.sessionId);
  expect([status, retry]).toEqual(["idle", undefined]);
});

test("[A-29, R-13.1] a limit that is over far ahead ends the turn, where opencode would wait in a retry of its own", async () => {
  const place = await bench.newPlace();
  const { client } = bench;
  const failure = { headers: { "retry-after": "3600" }, body: { error: { message: "no more today" } } };
  const { turn } = await bench.ask(place, `FAIL 429 ${JSON.stringify(failure)}`);
  expect(turn).toMatchObject({ state: "failed", reason: "limited", error: { name: "APIError" } });
  const { suspended } = await client.getSession(place.sessionId);
  expect(turn.error?.data).toMatchObject({ message: "no more today", resetAt: suspended?.until });
  expect(suspended?.until).toBeGreaterThan((turn.time.started ?? 0) + 3_000_000);
  const next = await bench.admit(place, "SAY after");
  await until("the wait for the reset", async () => {
    const { waitingFor } = await client.getTurn(next.id);
    return waitingFor?.kind === "limit" ? waitingFor : undefined;
  });
  await client.resumeQueue(place.sessionId);
  const sent = await bench.ended(next);
  expect(sent).toMatchObject({ state: "completed" });
  expect((await answersOf(place, sent)).at(-1)?.parts).toContainEqual(
    expect.objectContaining({ type: "text", text: "after" }),
  );
});

test("[R-14.3, A-16] a compaction after an overflow: the summary is an answer of its own, the user's words are answered behind it", async () => {
  const place = await bench.newPlace();
  await bench.ask(place, "REMEMBER heron");
  const body = { error: { type: "invalid_request_error", message: "prompt is too long: 9 > 8" } };
  const { turn } = await bench.ask(place, `FAIL 400 ${JSON.stringify({ body })}`, "SAY after");
  expect(turn).toMatchObject({ state: "completed" });
  const answers = await answersOf(place, turn);
  const summary = answers.find(({ info }) => info.role === "assistant" && info.summary === true);
  expect(summary?.parts).toContainEqual(
    expect.objectContaining({ type: "compaction", auto: true, overflow: true }),
  );
  expect(summary?.parts.find((part) => part.type === "text")).toMatchObject({ synthetic: true });
  expect(answers.at(-1)?.parts).toContainEqual(expect.objectContaining({ type: "text", text: "after" }));
  expect((await bench.ask(place, "RECALL")).text).toContain("heron");
});
