/** What real agents tell that no other suite asks them for. Only whole runs, and `npm run model-coverage`, play it. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isTerminal, type Turn } from "@holdfast/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryDirectory, until } from "../harness/index.ts";
import { type AgentId, matrixAgent } from "../matrix/agents.ts";
import { Bench, outcomeOf, STEP_MS } from "../matrix/bench.ts";
import { DOT, TODOS } from "./fixtures.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeAll(async () => {
  directory = await temporaryDirectory("real");
});
afterAll(() => directory[Symbol.asyncDispose]());

/** What each of them does in words of its own tools; what it has no tool for is said as text. */
const SCRIPTS: readonly string[][] = [
  ["THINK about it", "SAY hello"],
  ["BASH exit 3", "SAY after"],
  ["OUTPUT 100000", "SAY after"],
  ["READ missing.txt", "SAY after"],
  ["SAY cut", "END length"],
  ["SAY withheld", "END content_filter"],
  ["READ dot.png", "SAY after"],
  ["THINK hm", "FAIL 500 broke", "SAY recovered"],
  ["FAIL 401 Incorrect API key provided."],
  [
    `FAIL 400 ${JSON.stringify({ body: { error: { message: "not so", code: "bad" } }, headers: { "x-request-id": "1" } })}`,
  ],
];
const OVERFLOW = `FAIL 400 ${JSON.stringify({ body: { error: { message: "prompt is too long: 9 > 8" } } })}`;
test.each(["qwen", "goose", "opencode-acp", "opencode"] as const)(
  "[A-25, A-23] the real %s does what it has words for",
  async (name) => {
    await using bench = await benchOf(name);
    const at = await bench.newPlace("all");
    const variant = name === "opencode" ? { variant: "high" } : {};
    if (name !== "qwen" && name !== "goose")
      await bench.client.patchSession(at.sessionId, {
        model: { providerId: "fake", modelId: "fake-1", ...variant },
      });
    await writeFile(join(at.directory, "dot.png"), Buffer.from(DOT, "base64"));
    await bench.ask(at, `CALL todowrite ${TODOS}`, "SAY planned");
    for (const script of SCRIPTS) {
      const isFailure = script.some((line) => line.startsWith("FAIL"));
      await triedOnce(bench, await bench.admit(isFailure ? await bench.newPlace() : at, ...script));
    }
    // What opencode compacts again and again is shown with a setting of its own, below.
    if (name === "qwen" || name === "goose")
      await triedOnce(bench, await bench.admit(await bench.newPlace(), OVERFLOW));
    await triedOnce(bench, await bench.admit(at, OVERFLOW, "SAY after"));
    const { items } = await bench.client.listTurns(at.sessionId);
    expect(items.filter(({ state }) => !isTerminal(state))).toEqual([]);
  },
);

test("[A-19] the question of a real Qwen Code is answered", async () => {
  await using bench = await benchOf("qwen");
  const at = await bench.newPlace();
  const options = ["red", "green"].map((label) => ({ label, description: `all in ${label}` }));
  const questions = [false, true].map((multiSelect) => ({
    question: "Which?",
    header: "Colour",
    options,
    multiSelect,
  }));
  const turn = await bench.admit(at, `CALL ask_user_question ${JSON.stringify({ questions })}`, "SAY asked");
  const pending = { state: "pending", sessionId: at.sessionId } as const;
  const question = await until(
    "the question",
    async () => (await bench.client.listQuestions(pending)).items[0],
    STEP_MS,
  );
  await bench.client.replyQuestion(question.id, { action: "accept", content: { question_1: "red" } });
  expect(outcomeOf(await bench.ended(turn))).toBe("completed");
});

test("[R-5.1, R-3.2] what a provider says of its reasoning is kept, and an overflow that opencode is not to compact", async () => {
  await using bench = await benchOf("opencode", (modelUrl) => ({
    compaction: { auto: false },
    enabled_providers: ["claude"],
    model: "claude/fake-1",
    small_model: "claude/fake-1",
    provider: {
      claude: {
        npm: "@ai-sdk/anthropic",
        options: { baseURL: `${modelUrl}/v1`, apiKey: "scripted" },
        models: {
          "fake-1": { reasoning: true, tool_call: true, limit: { context: 100_000, output: 8_000 } },
        },
      },
    },
  }));
  const at = await bench.newPlace();
  await bench.ask(at, "THINK about it", "SAY hello");
  const { items } = await bench.client.listMessages(at.sessionId);
  const thought = items.flatMap(({ parts }) => parts).find(({ type }) => type === "reasoning");
  expect(thought).toHaveProperty("metadata");
  expect((await bench.ask(at, OVERFLOW)).turn.error?.name).toBe("ContextOverflowError");
});

test("[R-14.3] a compaction says from which message on opencode keeps everything", async () => {
  await using bench = await benchOf("opencode", () => ({ compaction: { tail_turns: 1 } }));
  const at = await bench.newPlace();
  for (const word of ["heron", "walrus"]) await bench.ask(at, `REMEMBER ${word}`);
  const { turn } = await bench.ask(at, OVERFLOW, "SAY after");
  expect(outcomeOf(turn)).toBe("completed");
  const { items } = await bench.client.listMessages(at.sessionId);
  const compaction = items.flatMap(({ parts }) => parts).find(({ type }) => type === "compaction");
  expect(compaction).toHaveProperty("tailStartId");
});

/** A bench with a real agent; `settings` are laid over those of opencode. */
async function benchOf(name: AgentId, settings?: (modelUrl: string) => object): Promise<Bench> {
  const root = await mkdtemp(join(directory.path, `${name}-`));
  const agent = matrixAgent(name);
  return Bench.open(
    {
      ...agent,
      async prepare(options) {
        const config = await agent.prepare(options);
        if (config === undefined || settings === undefined) return config;
        const OPENCODE_CONFIG_CONTENT = JSON.stringify(settings(options.modelUrl));
        return { ...config, env: { ...config.env, OPENCODE_CONFIG_CONTENT } };
      },
    },
    root,
  );
}

/** Some try on for minutes, for which nobody waits. */
async function triedOnce(bench: Bench, { id }: Turn): Promise<void> {
  const end = performance.now() + STEP_MS / 2;
  const last = await until(
    "an end, or enough tries",
    async () => {
      const turn = await bench.client.getTurn(id);
      return isTerminal(turn.state) || performance.now() > end ? turn : undefined;
    },
    STEP_MS,
  );
  if (isTerminal(last.state)) return;
  await bench.client.cancelTurn(id);
  await bench.ended(last);
}
