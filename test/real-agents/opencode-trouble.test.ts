/** What real opencode makes of a model in trouble, on the scripted model: refusals, tries that it repeats, compactions. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
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

/** What opencode reads as the configuration of a project. */
const configure = (place: Place, config: object): Promise<void> =>
  writeFile(join(place.directory, "opencode.json"), JSON.stringify(config));

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

test("[R-14.3] a compaction names our message from which on opencode keeps everything", async () => {
  const place = await bench.newPlace();
  await configure(place, { compaction: { preserve_recent_tokens: 400 } });
  await bench.ask(place, `SAY ${"long ".repeat(1_000)}`);
  const kept = await bench.ask(place, "SAY short");
  const body = { error: { type: "invalid_request_error", message: "prompt is too long: 9 > 8" } };
  const { turn } = await bench.ask(place, `FAIL 400 ${JSON.stringify({ body })}`, "SAY after");
  expect(turn).toMatchObject({ state: "completed" });
  const parts = (await answersOf(place, turn)).flatMap((answer) => answer.parts);
  expect(parts.find(({ type }) => type === "compaction")).toMatchObject({ tailStartId: kept.turn.messageId });
});

test("[R-14.4] outputs of old calls that opencode prunes stay, and say since when its model has them no more", async () => {
  const place = await bench.newPlace("all");
  await configure(place, { compaction: { prune: true } });
  const large = "BASH head -c 49000 /dev/zero | tr '\\0' x";
  const first = await bench.ask(place, ...Array.from({ length: 6 }, () => large), "SAY done");
  expect(first.turn).toMatchObject({ state: "completed" });
  await bench.ask(place, "SAY two");
  await bench.ask(place, "SAY three");
  const states = await until(
    "the end of pruning",
    async () => {
      const { items } = await bench.client.listMessages(place.sessionId, { limit: 100 });
      const calls = items.flatMap(({ parts }) =>
        parts.flatMap((part) =>
          part.type === "tool" && part.state.status === "completed" ? [part.state] : [],
        ),
      );
      return calls.filter(({ time }) => time.compacted !== undefined).length >= 3 ? calls : undefined;
    },
    STEP_MS,
  );
  expect(states.map(({ time }) => time.compacted === undefined)).toEqual([
    false,
    false,
    false,
    true,
    true,
    true,
  ]);
  for (const { output, time } of states) {
    expect(output.length).toBeGreaterThan(40_000);
    expect(time.compacted ?? Number.MAX_SAFE_INTEGER).toBeGreaterThan(time.end);
  }
});

test("[R-14.4] a part that opencode removes goes here too, while its turn runs and after it has ended", async () => {
  const place = await bench.newPlace("all");
  const plugins = join(place.directory, ".opencode", "plugin");
  await mkdir(plugins, { recursive: true });
  // Removes what says so as soon as it is whole, and what it is told to later when something else is said.
  await writeFile(
    join(plugins, "forget.js"),
    `const kept = [];
    export const Forget = async ({ client }) => ({
      event: async ({ event }) => {
        const part = event.properties?.part;
        if (event.type !== "message.part.updated" || part?.type !== "text" || part.time?.end === undefined) return;
        const remove = (path) => client._client.delete({ url: "/session/{sessionID}/message/{messageID}/part/{id}", path });
        if (part.text === "later") kept.push(part);
        if (part.text === "forget this") await remove(part);
        if (part.text === "now") for (const each of kept.splice(0)) await remove(each);
      },
    });`,
  );
  await bench.ask(place, "SAY later");
  await bench.ask(place, "SAY forget this", "BASH true", "SAY now");
  const texts = async () => {
    const { items } = await bench.client.listMessages(place.sessionId, { limit: 100 });
    return items
      .filter(({ info }) => info.role === "assistant")
      .flatMap(({ parts }) => parts.flatMap((part) => (part.type === "text" ? [part.text] : [])));
  };
  await until("the removals", async () => ((await texts()).length === 1 ? true : undefined), STEP_MS);
  expect(await texts()).toEqual(["now"]);
});
