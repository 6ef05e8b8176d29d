/** The native agent on the real server: its real program, and a scripted model over HTTP. */
import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isApiError } from "@holdfast/client";
import type { AdmitInput, Message, PartOf, Permission, Session, Turn } from "@holdfast/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type HoldfastProcess,
  type HarnessOptions,
  processesWith,
  startHoldfast,
  temporaryDirectory,
  until,
} from "../harness/index.ts";
import { type ScriptedModel, startModel } from "../model/index.ts";

const TURN_MS = 240_000;
const KEY = "sk-native-0123456789abcdefghij";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let model: ScriptedModel;
let options: HarnessOptions;
let server: HoldfastProcess;
let places = 0;

beforeAll(async () => {
  directory = await temporaryDirectory("native");
  model = await startModel({});
  options = {
    root: directory.path,
    config: {
      providers: {
        endpoint: {
          models: { "fake-1": { context: 200_000, output: 8_000, price: { input: 1, output: 2 } } },
        },
      },
    },
    environment: { HOLDFAST_MODEL_URL: `${model.url}/v1`, HOLDFAST_MODEL: "fake-1", ENDPOINT_API_KEY: KEY },
  };
  server = await startHoldfast(options);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await model.close();
  await directory[Symbol.asyncDispose]();
});

async function newSession(
  more: { agent?: string; approvalMode?: Session["approvalMode"] } = {},
): Promise<Session> {
  const place = await server.place(`p${(places += 1)}`);
  await writeFile(join(place, "notes.txt"), "a heron\n");
  return await server.client.createSession({
    directory: place,
    agent: "native:build",
    approvalMode: "all",
    ...more,
  });
}

const words = (...lines: string[]): AdmitInput => ({ parts: [{ type: "text", text: lines.join("\n") }] });

async function ask(session: Session, input: AdmitInput): Promise<{ turn: Turn; messages: Message[] }> {
  const answer = await server.client.admitInputAndWait(session.id, input, { timeoutMs: TURN_MS });
  if (!answer.ended) throw new Error(`The turn did not end: ${JSON.stringify(answer.turn)}`);
  return answer;
}

const begin = async (session: Session, ...lines: string[]): Promise<string> =>
  (await server.client.admitInput(session.id, words(...lines))).turn.id;
const ended = (turnId: string): Promise<Turn> =>
  until("the turn's end", async () => {
    const turn = await server.client.getTurn(turnId);
    return turn.time.ended === undefined ? undefined : turn;
  });
const pending = (session: Session): Promise<Permission> =>
  until("a permission request", async () => {
    const { items } = await server.client.listPermissions({ state: "pending", sessionId: session.id });
    return items[0];
  });
const messagesOf = async (session: Session) => (await server.client.listMessages(session.id)).items;
const callsOf = (messages: readonly Message[]): PartOf<"tool">[] =>
  messages.flatMap(({ parts }) => parts.flatMap((part) => (part.type === "tool" ? [part] : [])));
const textOf = (messages: readonly Message[]): string =>
  messages
    .filter(({ info }) => info.role === "assistant")
    .flatMap(({ parts }) => parts.map((part) => (part.type === "text" ? part.text : "")))
    .join("|");
/** What the model was told last, as one text. */
const told = (): string => JSON.stringify(model.requests.findLast(({ side }) => side === undefined));
const errorOf = (part: PartOf<"tool"> | undefined): string =>
  part?.state.status === "error" ? part.state.error : `not failed: ${part?.state.status}`;

test("[A-26, R-1.6] a turn with tools: each step is an answer, each call stands in its own, with what the model saw, and the account of all", async () => {
  const session = await newSession();
  const { turn, messages } = await ask(
    session,
    words("READ notes.txt", "WRITE out.txt hello", "BASH cat out.txt", "SAY all done"),
  );
  expect(turn).toMatchObject({ state: "completed", finish: "end_turn", opened: "new" });
  expect(messages.map(({ info }) => info.role)).toEqual([
    "user",
    ...Array.from({ length: 4 }, () => "assistant"),
  ]);
  const steps = messages.slice(1);
  expect(steps.map(({ parts }) => parts.map(({ type }) => type).filter((type) => type !== "patch"))).toEqual([
    ["step-start", "tool", "step-finish"],
    ["step-start", "tool", "step-finish"],
    ["step-start", "tool", "step-finish"],
    ["step-start", "text", "step-finish"],
  ]);
  expect(callsOf(messages).map(({ tool, kind, state }) => [tool, kind, state.status])).toEqual([
    ["read", "read", "completed"],
    ["write", "edit", "completed"],
    ["bash", "execute", "completed"],
  ]);
  expect(callsOf(messages)[2]?.state).toMatchObject({ output: expect.stringContaining("hello") as string });
  expect(readFileSync(join(session.directory, "out.txt"), "utf8")).toContain("hello");
  const infos = steps.map(({ info }) => info);
  for (const info of infos)
    expect(info).toMatchObject({
      parentId: messages[0]?.info.id,
      model: { providerId: "endpoint", modelId: "fake-1" },
      tokens: { input: expect.any(Number) as number },
      cost: expect.any(Number) as number,
    });
  const cost = infos.reduce((sum, info) => sum + (info.role === "assistant" ? (info.cost ?? 0) : 0), 0);
  expect(turn.usage?.cost).toBeCloseTo(cost, 8);
  expect(cost).toBeGreaterThan(0);
  // It goes on live, and knows what was said.
  await ask(session, words("SAY again"));
  expect(told()).toContain("all done");
});

describe("[A-19] permissions", () => {
  test("[A-19] one is asked before the call runs, and answered", async () => {
    const session = await newSession({ approvalMode: "ask" });
    const turnId = await begin(session, "BASH echo yes > asked.txt", "SAY fine");
    const permission = await pending(session);
    expect(permission).toMatchObject({ tool: "bash", kind: "execute", agent: "native:build" });
    expect(callsOf(await messagesOf(session))).toMatchObject([{ state: { status: "running" } }]);
    expect(existsSync(join(session.directory, "asked.txt"))).toBe(false);
    await server.client.replyPermission(permission.id, { reply: "once" });
    expect(await ended(turnId)).toMatchObject({ state: "completed" });
    expect(existsSync(join(session.directory, "asked.txt"))).toBe(true);
  });

  test("[A-19, R-17.13] a no without words ends the turn, and nothing ran", async () => {
    const session = await newSession({ approvalMode: "ask" });
    const turnId = await begin(session, "BASH echo yes > asked.txt", "SAY never");
    await server.client.replyPermission((await pending(session)).id, { reply: "reject" });
    expect(await ended(turnId)).toMatchObject({ state: "failed", reason: "denied" });
    expect(existsSync(join(session.directory, "asked.txt"))).toBe(false);
    expect(textOf(await messagesOf(session))).not.toContain("never");
  });

  test("[A-19] one with words is the call's result, the turn goes on, and no input is made of them", async () => {
    const session = await newSession({ approvalMode: "ask" });
    const turnId = await begin(session, "BASH echo yes > asked.txt", "SAY as you like");
    await server.client.replyPermission((await pending(session)).id, {
      reply: "reject",
      message: "use the other file",
    });
    expect(await ended(turnId)).toMatchObject({ state: "completed" });
    const messages = await messagesOf(session);
    expect(errorOf(callsOf(messages)[0])).toContain("use the other file");
    expect(textOf(messages)).toContain("as you like");
    expect(told()).toContain("use the other file");
    expect(messages.filter(({ info }) => info.role === "user")).toHaveLength(1);
    expect((await server.client.listInputs(session.id)).items).toHaveLength(1);
  });

  test("[A-20] what the mode forbids is told to the model, and the turn goes on", async () => {
    const session = await newSession({ approvalMode: "readOnly" });
    const { turn, messages } = await ask(session, words("BASH echo yes > asked.txt", "SAY I see"));
    expect(turn.state).toBe("completed");
    expect(errorOf(callsOf(messages)[0])).toContain("approval mode");
    expect(existsSync(join(session.directory, "asked.txt"))).toBe(false);
  });
});

test("[A-15] a cancel ends the turn, and what was said stays", async () => {
  const session = await newSession();
  const turnId = await begin(session, "SAY begun", "SLOW 100000 20");
  await until("its words", async () =>
    textOf(await messagesOf(session)).includes("begun") ? true : undefined,
  );
  await server.client.cancelTurn(turnId);
  expect(await ended(turnId)).toMatchObject({ state: "aborted", reason: "cancelled" });
  expect(textOf(await messagesOf(session))).toContain("begun");
  const { turn } = await ask(session, words("SAY next"));
  expect(turn).toMatchObject({ state: "completed", openedBy: "live" });
});

test("[A-15] a cancel in the middle of a call ends its program, and the call is told as cut off", async () => {
  const session = await newSession();
  const turnId = await begin(session, "BASH touch began; sleep 600", "SAY never");
  await until("the call", async () => (existsSync(join(session.directory, "began")) ? true : undefined));
  await server.client.cancelTurn(turnId);
  expect(await ended(turnId)).toMatchObject({ state: "aborted", reason: "cancelled" });
  const [call] = callsOf(await messagesOf(session));
  expect(["error", "completed"]).toContain(call?.state.status);
});

test("[A-28, D-6] words for the running turn go in before the next step, which answers them", async () => {
  const session = await newSession();
  const turnId = await begin(session, "BASH touch began; until [ -e go ]; do sleep 0.05; done", "SAY first");
  await until("the call", async () => (existsSync(join(session.directory, "began")) ? true : undefined));
  const { turn } = await server.client.admitInput(session.id, { ...words("SAY turned"), delivery: "steer" });
  await writeFile(join(session.directory, "go"), "");
  expect(await ended(turnId)).toMatchObject({ state: "completed" });
  expect(await ended(turn.id)).toMatchObject({ state: "completed", reason: "steered", mergedInto: turnId });
  const messages = await messagesOf(session);
  // They reach the program behind their admission: on a busy machine a step may begin before that, which says what it was to say first.
  const steps = messages.slice(1, -2);
  expect(["", "first"]).toContain(textOf(steps).replaceAll("|", ""));
  expect(messages.map(({ info }) => info.role)).toEqual([
    "user",
    ...steps.map(() => "assistant"),
    "user",
    "assistant",
  ]);
  const [steered, answer] = messages.slice(-2);
  expect(answer?.info).toMatchObject({ parentId: steered?.info.id, turnId });
  expect(textOf(messages.slice(-1))).toContain("turned");
});

test("[R-2.1, R-2.2] an answer as JSON is a call; one that does not fit is asked for again", async () => {
  const session = await newSession();
  const schema = { type: "object", properties: { bird: { type: "string" } }, required: ["bird"] };
  const { turn, messages } = await ask(session, {
    ...words('CALL StructuredOutput {"bird": 7}', 'CALL StructuredOutput {"bird": "heron"}'),
    format: { type: "json_schema", schema, retryCount: 2 },
  });
  expect(turn).toMatchObject({ state: "completed" });
  expect(messages.map(({ info }) => info.role)).toEqual(["user", "assistant", "user", "assistant"]);
  expect(messages[1]?.info).toMatchObject({
    metadata: { validation: { try: 1, problem: "/bird must be string" } },
  });
  expect(messages[3]?.info).toMatchObject({ structured: { bird: "heron" } });
  expect(told()).toContain("was not accepted: /bird must be string");
});

test("[R-2.1] one that never calls it fails with the number of tries", async () => {
  const session = await newSession();
  const { turn } = await ask(session, {
    ...words("SAY a heron", "LATER really, a heron"),
    format: { type: "json_schema", schema: { type: "object" }, retryCount: 1 },
  });
  expect(turn).toMatchObject({
    state: "failed",
    error: { name: "StructuredOutputError", data: { retries: 1 } },
  });
});

test("[R-13.1] a call of the model that failed is tried again, and each try is a row", async () => {
  const session = await newSession();
  const { turn, messages } = await ask(
    session,
    words('FAIL 500 {"text": "boom", "headers": {"retry-after-ms": "20"}}', "SAY recovered"),
  );
  expect(turn.state).toBe("completed");
  expect(messages.flatMap(({ parts }) => parts).filter(({ type }) => type === "retry")).toMatchObject([
    { number: 1, error: { name: "APIError", data: { statusCode: 500 } } },
  ]);
  expect(textOf(messages)).toContain("recovered");
});

describe("[D-18, A-17] a death in the middle of a call", () => {
  const SCRIPT = ["BASH echo ran >> effects.txt; touch began; sleep 600", "SAY never"] as const;
  const effects = ({ directory: place }: Session) => readFileSync(join(place, "effects.txt"), "utf8");

  async function inCall(): Promise<{ session: Session; turnId: string }> {
    const session = await newSession();
    const turnId = await begin(session, ...SCRIPT);
    await until("the call", async () => (existsSync(join(session.directory, "began")) ? true : undefined));
    return { session, turnId };
  }

  /** A program that its call started runs. */
  const isWorking = ({ directory: place }: Session) => processesWith(`PWD=${place}`).length > 0;

  /** The call is told as interrupted, and was run once. */
  async function goesOn(session: Session): Promise<Turn> {
    const [call] = callsOf(await messagesOf(session));
    expect(call?.state).toMatchObject({ status: "error" });
    const { turn } = await ask(session, words("SAY I go on"));
    expect(turn.state).toBe("completed");
    expect(told()).toMatch(/interrupted|aborted/i);
    expect(effects(session)).toBe("ran\n");
    return turn;
  }

  test("[A-17] of the program: the turn has crashed, nothing of it lives, and the next one goes on", async () => {
    const { session, turnId } = await inCall();
    const live = await until("its pid", async () =>
      (await server.client.listLiveAgents()).items.find(
        ({ sessionId, pid }) => sessionId === session.id && pid,
      ),
    );
    process.kill(live.pid ?? 0, "SIGKILL");
    expect(await ended(turnId)).toMatchObject({
      state: "failed",
      reason: "crashed",
      error: { name: "AgentError", data: { signal: "SIGKILL" } },
    });
    await until("nothing of it lives", () => (isWorking(session) ? undefined : true));
    expect(await goesOn(session)).toMatchObject({ opened: "resumed", openedBy: "resume" });
  });

  test("[D-18, A-11] of the server: the turn is interrupted, what ran is ended, and the next one goes on", async () => {
    const { session, turnId } = await inCall();
    expect(isWorking(session)).toBe(true);
    await server.kill();
    server = await startHoldfast(options);
    expect(await ended(turnId)).toMatchObject({ state: "aborted", reason: "interrupted" });
    await until("nothing of it lives", () => (isWorking(session) ? undefined : true));
    expect(await goesOn(session)).toMatchObject({ opened: "resumed" });
  });
});

test("[A-6, A-26] another agent's turns are part of what it knows, without a handoff", async () => {
  const session = await newSession();
  await ask(session, words("SAY native said this"));
  await ask(session, { ...words("SAY rehearsal said that"), agent: "rehearsal" });
  const { turn, messages } = await ask(session, { ...words("SAY back"), agent: "native:build" });
  expect(turn).toMatchObject({ state: "completed", opened: "resumed" });
  for (const said of ["native said this", "rehearsal said that"]) expect(told()).toContain(said);
  expect(JSON.stringify(messages)).not.toContain("holdfast-handoff");
});

test("[A-26] keys are in no environment of a tool and in nothing that is kept", async () => {
  const session = await newSession();
  await writeFile(join(session.directory, "key.txt"), `the key is ${KEY}\n`);
  const { turn, messages } = await ask(session, words("READ key.txt", "BASH env", "SAY done"));
  expect(turn.state).toBe("completed");
  expect(JSON.stringify(messages)).not.toContain(KEY);
  expect(callsOf(messages)[0]?.state).toMatchObject({
    output: expect.stringContaining("[redacted]") as string,
  });
  expect(callsOf(messages)[1]?.state).not.toMatchObject({
    output: expect.stringContaining("ENDPOINT_API_KEY") as string,
  });
  expect(told()).not.toContain(`the key is ${KEY}`);
});

test("[A-3, A-26] its models are listed; without a provider it is not available, and says what to do", async () => {
  expect(await server.client.listModels()).toMatchObject({
    items: [
      {
        id: "endpoint/fake-1",
        context: 200_000,
        output: 8_000,
        price: { input: 1, output: 2 },
        isDefault: true,
      },
    ],
  });
  const { items } = await server.client.listAgents();
  expect(items.filter(({ backend }) => backend === "native")).toMatchObject([
    { id: "native:build", available: true },
    { id: "native:plan", available: true },
  ]);
  await using place = await temporaryDirectory("native-bare");
  await using bare = await startHoldfast({ root: place.path });
  expect(await bare.client.listModels()).toMatchObject({
    items: [],
    problem: expect.stringContaining("keys.json") as string,
  });
  const agent = (await bare.client.listAgents()).items.find(({ id }) => id === "native:build");
  expect(agent).toMatchObject({
    available: false,
    reason: expect.stringContaining("ANTHROPIC_API_KEY") as string,
  });
  await mkdir(bare.project, { recursive: true });
  const refused = await bare.client
    .createSession({ directory: bare.project, agent: "native:build" })
    .catch((error: unknown) => error);
  expect(isApiError(refused, "AGENT_UNAVAILABLE")).toBe(true);
});
