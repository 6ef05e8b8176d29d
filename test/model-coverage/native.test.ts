/** What Holdfast's own agent makes of the session model, on a scripted model that speaks as Anthropic's do. Only whole runs, and `npm run model-coverage`, play it. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AdmitInput, Session, Turn } from "@holdfast/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type HarnessOptions,
  type HoldfastProcess,
  startHoldfast,
  temporaryDirectory,
  until,
} from "../harness/index.ts";
import { type ScriptedModel, startModel } from "../model/index.ts";
import { DOT, TODOS } from "./fixtures.ts";

const TURN_MS = 120_000;
const MODEL = { providerId: "claude", modelId: "fake-1" };
/** More than the window holds: before the next step comes a summary. */
const FULL = 'USAGE {"input":99000,"output":10,"cacheRead":5,"cacheWrite":5}';
const OVERFLOW = `FAIL 400 ${JSON.stringify({ body: { error: { message: "prompt is too long: 9 > 8" } } })}`;
const HEADERS = { "x-request-id": "1", "retry-after-ms": "20" };

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let model: ScriptedModel;
let options: HarnessOptions;
let server: HoldfastProcess;
let places = 0;

beforeAll(async () => {
  directory = await temporaryDirectory("native-rows");
  model = await startModel({});
  const facts = { name: "Fake 1", context: 100_000, output: 8_000, price: { input: 3, output: 15 } };
  options = {
    root: directory.path,
    config: {
      providers: {
        claude: {
          kind: "anthropic",
          baseUrl: `${model.url}/v1`,
          models: {
            "fake-1": { ...facts, images: true, reasoning: true, variants: { high: { effort: "high" } } },
          },
        },
      },
    },
    environment: { CLAUDE_API_KEY: "scripted" },
  };
  server = await startHoldfast(options);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await model.close();
  await directory[Symbol.asyncDispose]();
});

async function newSession(approvalMode: Session["approvalMode"] = "all"): Promise<Session> {
  const place = await server.place(`p${(places += 1)}`);
  await writeFile(join(place, "dot.png"), Buffer.from(DOT, "base64"));
  return server.client.createSession({ directory: place, agent: "native:build", model: MODEL, approvalMode });
}

const words = (...lines: string[]): AdmitInput => ({
  parts: [{ type: "text", text: ["#turn 1", ...lines].join("\n") }],
});
const begin = async (session: Session, input: AdmitInput): Promise<string> =>
  (await server.client.admitInput(session.id, input)).turn.id;
const ended = (turnId: string): Promise<Turn> =>
  until(
    "the turn's end",
    async () => {
      const turn = await server.client.getTurn(turnId);
      return turn.time.ended === undefined ? undefined : turn;
    },
    TURN_MS,
  );
const ask = async (session: Session, ...lines: string[]): Promise<Turn> =>
  ended(await begin(session, words(...lines)));
const partsOf = async (session: Session) =>
  (await server.client.listMessages(session.id)).items.flatMap(({ parts }) => parts);

test("[R-1.9, A-26] steps, calls, thoughts, plans and tries of Holdfast's own agent", async () => {
  const session = await newSession();
  await server.client.patchSession(session.id, { model: { ...MODEL, variant: "high" } });
  await ended(await begin(session, { ...words("THINK about it", "SAY hello"), tools: { webfetch: false } }));
  const offered = JSON.stringify(model.requests.findLast(({ side }) => side === undefined)?.body.tools);
  expect(offered).toContain('"name":"bash"');
  expect(offered).not.toContain('"name":"webfetch"');
  await ask(session, `CALL todo ${TODOS}`, "SAY planned");
  await ask(session, "BASH exit 3", "OUTPUT 100000", "READ missing.txt", "READ dot.png", "SAY after");
  await ask(session, "WRITE new.txt one", "WRITE new.txt two", "SAY written");
  await ask(
    session,
    "THINK hm",
    `FAIL 500 ${JSON.stringify({ text: "broke", headers: HEADERS })}`,
    "SAY again",
  );
  await ask(session, "SAY half", "CUT", "SAY whole");
  const task = { agent: "explore", description: "look", prompt: "SAY looked" };
  await ask(session, `CALL task ${JSON.stringify(task)}`, "SAY told");
  const { items } = await server.client.listTurns(session.id);
  expect(items.map(({ state }) => state)).toEqual(items.map(() => "completed"));
});

test("[R-3.1, A-26] the errors that a turn of it may end with", async () => {
  const names = [];
  for (const lines of [
    ["SAY cut", "END length"],
    ["SAY withheld", "END content_filter"],
    ["FAIL 401 invalid x-api-key"],
    [`FAIL 400 ${JSON.stringify({ body: { error: { message: "not so" } }, headers: HEADERS })}`],
  ])
    names.push((await ask(await newSession(), ...lines)).error?.name);
  expect(names).toEqual(["MessageOutputLengthError", "ContentFilterError", "ProviderAuthError", "APIError"]);
  const session = await newSession();
  const turnId = await begin(session, words("SAY begun", "SLOW 100000 20"));
  await until(
    "its words",
    async () => (await partsOf(session)).some(({ type }) => type === "text") || undefined,
  );
  await server.client.cancelTurn(turnId);
  expect(await ended(turnId)).toMatchObject({ state: "aborted" });
});

test("[R-3.2, A-26] a full context that is not to be summarised ends the turn with what the provider said", async () => {
  await server.stop();
  server = await startHoldfast({
    ...options,
    config: { ...options.config, native: { compaction: { auto: false } } },
  });
  const { error } = await ask(await newSession(), OVERFLOW);
  expect(error).toMatchObject({
    name: "ContextOverflowError",
    data: { responseBody: expect.any(String) as string },
  });
  await server.stop();
  server = await startHoldfast(options);
});

test("[R-14.3, A-26] a summary says from which message on everything is kept", async () => {
  const session = await newSession();
  for (const word of ["heron", "walrus"]) await ask(session, `SAY ${word}`);
  await ask(session, `CALL todo ${TODOS}`, FULL, "SAY after");
  await ask(session, OVERFLOW, "SAY after that");
  const compactions = (await partsOf(session)).filter(({ type }) => type === "compaction");
  const overflows = compactions.map((part) => "overflow" in part && part.overflow);
  expect(new Set(overflows)).toEqual(new Set([true, false]));
  expect(compactions.some((part) => "tailStartId" in part)).toBe(true);
});

test("[A-19, A-26] what it asks, and an answer as JSON of which the first does not fit", async () => {
  const session = await newSession("ask");
  const questions = [
    {
      question: "Which?",
      header: "One",
      options: [{ label: "red", description: "all in red" }, { label: "green" }],
    },
    {
      question: "Which of them?",
      header: "Many",
      multiple: true,
      options: [{ label: "a", description: "the first" }, { label: "b" }],
    },
    { question: "Why?", header: "Words", options: [] },
  ];
  const asking = await begin(session, words(`CALL question ${JSON.stringify({ questions })}`, "SAY thanks"));
  const pending = { state: "pending", sessionId: session.id } as const;
  const question = await until(
    "the question",
    async () => (await server.client.listQuestions(pending)).items[0],
    TURN_MS,
  );
  const content = { answer1: "red", answer2: ["a", "b"], answer3: "because" };
  await server.client.replyQuestion(question.id, { action: "accept", content });
  expect(await ended(asking)).toMatchObject({ state: "completed" });

  const writing = await begin(session, words("WRITE out.txt hello", "SAY done"));
  const permission = await until(
    "the permission request",
    async () => (await server.client.listPermissions(pending)).items[0],
    TURN_MS,
  );
  await server.client.replyPermission(permission.id, { reply: "once" });
  expect(await ended(writing)).toMatchObject({ state: "completed" });

  const schema = { type: "object", properties: { bird: { type: "string" } }, required: ["bird"] };
  const calls = ['{"bird": 7}', '{"bird": "heron"}'].map((value) => `CALL StructuredOutput ${value}`);
  const answering = await begin(session, {
    ...words(...calls),
    format: { type: "json_schema", schema, retryCount: 2 },
  });
  expect(await ended(answering)).toMatchObject({ state: "completed" });
});
