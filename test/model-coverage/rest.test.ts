/** Rows that no other suite makes: what few people do, and what few agents tell. Only whole runs, and `npm run model-coverage`, play it. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@holdfast/client";
import { type AdmitInput, isTerminal, type Session, type Turn } from "@holdfast/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type HoldfastProcess,
  REHEARSAL,
  startHoldfast,
  temporaryDirectory,
  until,
} from "../harness/index.ts";
import { outcomeOf } from "../matrix/bench.ts";

/** A turn counts as stalled after two minutes, and this server ends it after three. */
const STALLED_MS = 300_000;
const acp = (...command: string[]) => ({ backend: "acp" as const, command: [process.execPath, ...command] });

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: HoldfastProcess;

beforeAll(async () => {
  directory = await temporaryDirectory("rest");
  const agents = {
    told: acp(join(import.meta.dirname, "told-agent.ts")),
    broken: acp("-e", "console.error('no licence'); process.exit(3)"),
    absent: { backend: "acp" as const, command: [join(directory.path, "absent")] },
    crasher: acp(REHEARSAL),
    second: acp(REHEARSAL),
  };
  await writeFile(join(directory.path, "absent"), "#!/no/such/program", { mode: 0o755 });
  server = await startHoldfast({
    root: directory.path,
    config: { agents, turnTotalMinutes: 3, maxLiveAgents: 2 },
    environment: { HOLDFAST_SHARE_PORT: "0" },
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

const words = (text: string): Pick<AdmitInput, "parts"> => ({ parts: [{ type: "text", text }] });
const place = (name: string, agent = "rehearsal"): Promise<Session> =>
  server.place(name).then((at) => server.client.createSession({ directory: at, agent, approvalMode: "all" }));

const turnWhen = (id: string, holds: (turn: Turn) => boolean, patience?: number): Promise<Turn> =>
  until(
    "the turn",
    async () => {
      const turn = await server.client.getTurn(id);
      return holds(turn) ? turn : undefined;
    },
    patience,
  );
const ended = ({ id }: Pick<Turn, "id">): Promise<Turn> => turnWhen(id, ({ state }) => isTerminal(state));
const ask = async ({ id }: Session, input: AdmitInput): Promise<Turn> =>
  ended((await server.client.admitInput(id, input)).turn);

test("[A-18, D-6] while a turn hangs its queue is changed; it counts as stalled, and then its time is over", async () => {
  const { client } = server;
  const session = await place("hang");
  const { turn } = await client.admitInput(session.id, words("HANG"));
  await turnWhen(turn.id, ({ state }) => state === "running");
  const [one, two] = [
    await client.admitInput(session.id, words("SAY one")),
    await client.admitInput(session.id, words("SAY two")),
  ];
  await client.editInput(one.input.id, words("SAY first"));
  await client.reorderQueue(session.id, [two.input.id, one.input.id]);
  await client.removeInput(two.input.id);
  await turnWhen(turn.id, ({ stalled }) => stalled !== undefined, STALLED_MS);
  const late = await turnWhen(turn.id, ({ state }) => isTerminal(state), STALLED_MS);
  expect(outcomeOf(late)).toBe("failed/timeout AgentError");
});

test("[A-8, A-17] a turn waits for a place, and for an agent that crashed too often", async () => {
  const { client } = server;
  const crashing = await place("crash", "crasher");
  for (let crash = 0; crash < 3; crash += 1)
    expect((await ask(crashing, words("CRASH"))).reason).toBe("crashed");
  const held = await client.admitInput(crashing.id, words("SAY on"));
  await turnWhen(held.turn.id, ({ waitingFor }) => waitingFor?.kind === "circuit");
  const all = [held];
  for (const name of ["busy", "too-busy", "waiting"])
    all.push(await client.admitInput((await place(name)).id, words("HANG")));
  await turnWhen(all[3]?.turn.id ?? "", ({ waitingFor }) => waitingFor?.kind === "pool");
  for (const { turn } of all) await client.cancelTurn(turn.id);
});

test("[R-8.1, R-9.1, D-8] an input keeps its sources, its settings and who sent it; one for people only is noted", async () => {
  const { client } = server;
  const session = await place("input");
  await client.patchSession(session.id, { approvalMode: "edits", resumePolicy: "auto", limitAttempts: 1 });
  const { code } = await client.createAccessCode();
  const browser = createClient({ url: server.url, token: (await client.exchangeCode(code)).token });
  const text = { value: "@it", start: 0, end: 3 };
  const range = { start: { line: 1, character: 0 }, end: { line: 2, character: 3 } };
  const file = { type: "file", mime: "text/plain", url: "https://example.test/it", filename: "it" } as const;
  const { turn } = await browser.admitInput(session.id, {
    parts: [
      {
        type: "subtask",
        agent: "told",
        model: { modelId: "m" },
        description: "Stop",
        prompt: "STOP end_turn",
      },
      ...words("SAY hello").parts,
      { ...file, source: { type: "symbol", path: "a.ts", range, name: "it", kind: 12, text } },
      { ...file, source: { type: "resource", clientName: "docs", uri: "mcp://docs/it", text } },
    ],
    system: "Be brief.",
    format: { type: "text" },
  });
  await ended(turn);
  const noted = await ask(session, {
    parts: [{ type: "text", text: "for us", ignored: true, metadata: { by: "us" } }],
  });
  expect(outcomeOf(noted)).toBe("completed/noted");
  const { items } = await client.listMessages(session.id);
  const [answer] = items.filter(({ info }) => info.role === "assistant");
  const at = `/api/messages/${answer?.info.id}`;
  expect((await server.fetch(`${at}/parts/${answer?.parts[0]?.id}`, { method: "DELETE" })).status).toBe(204);
  expect((await server.fetch(at, { method: "DELETE" })).status).toBe(204);
  await client.patchSession(session.id, {
    mcpServers: { far: { type: "sse", url: "http://127.0.0.1:9/", headers: { "x-key": "1" } } },
  });
});

test("[A-29] a session shows the limits of both of its agents", async () => {
  const { client } = server;
  const session = await place("limits");
  const limited = words("LIMIT 3600000 no more");
  for (const agent of ["rehearsal", "second"])
    expect(outcomeOf(await ask(session, { ...limited, agent }))).toBe("failed/limited APIError");
  const { suspended } = await client.getSession(session.id);
  expect(suspended).toMatchObject({ agent: "second", also: [{ agent: "rehearsal" }] });
});

test("[S-2, S-28] a share and a ref are told to whoever watches everything, and what its holder asks is a turn of the ref", async () => {
  const { client, url } = server;
  const { id } = await place("shared");
  const { previewId } = await client.previewShare(id);
  const { share } = await client.createShare(id, { previewId });
  await client.revokeShare(share.id);
  const { secret = "" } = await client.createRef({
    target: { kind: "session", id },
    rights: ["prompt", "comment", "read"],
  });
  const guest = createClient({ url, token: secret });
  const turn = await ended((await guest.admitInput(id, words("SAY hello"))).turn);
  expect([outcomeOf(turn), turn.actor.kind]).toEqual(["completed", "ref"]);
  await guest.addComment(id, { on: turn.messageId, text: "So it is." });
});

test("[D-15] what was thought in a try that failed keeps its number", async () => {
  expect(outcomeOf(await ask(await place("tries"), words("THINK hm\nRETRY 10\nSAY on")))).toBe("completed");
});

test("[R-1.8] a turn that changes many files names some of them", async () => {
  expect(outcomeOf(await ask(await place("many"), words("BASH seq 1 1001 | xargs touch")))).toBe("completed");
});

test("[A-19] an always with a rule, and a no with words", async () => {
  const { client } = server;
  const session = await place("asked");
  await client.patchSession(session.id, { approvalMode: "ask" });
  for (const reply of [{ reply: "reject", message: "not here" }, { reply: "always" }] as const) {
    const { turn } = await client.admitInput(session.id, words("ASK may I?"));
    const request = await until("the request", async () => {
      const { items } = await client.listPermissions({ state: "pending", sessionId: session.id });
      return items[0];
    });
    expect(await client.replyPermission(request.id, reply)).toMatchObject(reply);
    await ended(turn);
  }
});

const update = (kind: string, fields: object) =>
  `UPDATE ${JSON.stringify({ sessionUpdate: kind, ...fields })}`;
const FIELD = { title: "T", description: "D" };
const CHOICE = { oneOf: [{ const: "a", title: "A", description: "the first" }] };
const FORM = {
  mode: "form",
  message: "How?",
  requestedSchema: {
    type: "object",
    required: ["text", "number", "boolean", "one", "many"],
    properties: {
      text: { ...FIELD, type: "string", pattern: "a+", default: "a", minLength: 1, maxLength: 9 },
      ...Object.fromEntries(
        ["email", "uri", "date", "date-time"].map((format) => [format, { type: "string", format }]),
      ),
      number: { ...FIELD, type: "number", default: 1 },
      boolean: { ...FIELD, type: "boolean", default: true },
      one: { ...FIELD, type: "string", default: "a", ...CHOICE },
      many: { ...FIELD, type: "array", default: ["a"], items: { anyOf: CHOICE.oneOf } },
    },
  },
};

/** Another model than the one that was asked for. */
const MODELS = {
  id: "model",
  name: "Model",
  category: "model",
  type: "select",
  currentValue: "n",
  options: ["m", "n"].map((value) => ({ value, name: value, description: "one of two" })),
};
const FAILED_TRY = {
  attempt: 1,
  message: "busy",
  next: Date.now() + 60_000,
  statusCode: 503,
  responseHeaders: { "x-request-id": "1" },
  responseBody: "{}",
  metadata: { url: "https://example.test" },
};

test("[A-25, R-15.1] all that an agent may tell of plans, calls, commands and questions is kept", async () => {
  const session = await place("told", "told");
  await server.client.patchSession(session.id, { model: { modelId: "m" } });
  const call = { toolCallId: "c", title: "Look", kind: "read", rawInput: { path: "a" } };
  const short = (text: string) => [{ type: "content", content: { type: "text", text } }];
  const long = short("x".repeat(60_000));
  const statuses = ["pending", "in_progress", "completed"] as const;
  const script = [
    update("plan", {
      entries: statuses.map((status, at) => ({
        content: status,
        status,
        priority: ["high", "medium", "low", "low"][at],
      })),
    }),
    update("available_commands_update", {
      availableCommands: [{ name: "go", description: "goes", input: { hint: "where" } }],
    }),
    update("tool_call", {
      ...call,
      status: "in_progress",
      locations: [{ path: "/a", line: 3 }],
      content: long,
    }),
    update("tool_call", { toolCallId: "r", title: "Raw", kind: "edit", rawInput: '{"a' }),
    ...[1, 2, 3].flatMap((size) => [
      "PAUSE 300",
      update("tool_call_update", {
        toolCallId: "r",
        rawInput: `{"a": "${"a".repeat(size)}`,
        status: "pending",
      }),
    ]),
    ...[1, 2, 3].flatMap((size) => [
      "PAUSE 300",
      update("tool_call_update", {
        toolCallId: "r",
        status: "in_progress",
        content: short("o".repeat(size)),
      }),
    ]),
    update("tool_call_update", { toolCallId: "r", content: long }),
    `ASK ${JSON.stringify({ ...FORM, toolCallId: "c" })}`,
    update("tool_call_update", { toolCallId: "c", status: "failed", content: long }),
    update("config_option_update", { configOptions: [MODELS] }),
    update("session_info_update", { _meta: { "holdfast/retry": FAILED_TRY } }),
    update("session_info_update", { _meta: { "holdfast/compaction": { auto: true, overflow: true } } }),
    update("session_info_update", { _meta: { "holdfast/compaction": null } }),
    update("hologram", { of: "something" }),
    update("usage_update", { used: 5, size: 10, cost: { amount: 1, currency: "USD" } }),
    `LATE ${JSON.stringify({ sessionUpdate: "agent_message_chunk", content: { type: "text", text: "late" } })}`,
  ];
  const { turn } = await server.client.admitInput(session.id, words(script.join("\n")));
  const pending = { state: "pending", sessionId: session.id } as const;
  const question = await until(
    "the question",
    async () => (await server.client.listQuestions(pending)).items[0],
  );
  expect(question.fields).toHaveLength(9);
  await server.client.replyQuestion(question.id, { action: "decline" });
  expect(outcomeOf(await ended(turn))).toBe("completed");
});

test.each([
  ["max_tokens", "failed/error MessageOutputLengthError"],
  ["max_turn_requests", "failed/exhausted AgentReportedError"],
  ["refusal", "failed/refused AgentReportedError"],
  ["a whim", "failed/error UnknownError"],
])("[A-25, D-8] a turn that its agent stops for %s ends as %s", async (reason, outcome) => {
  const session = await place(`stop-${reason.length}`, "told");
  expect(outcomeOf(await ask(session, words(`STOP ${reason}`)))).toBe(outcome);
});

test("[R-3.2] what an agent tells of a failed call to its model is kept", async () => {
  const data = {
    statusCode: 400,
    responseHeaders: { "x-request-id": "1" },
    responseBody: '{"error": {"message": "not so"}}',
    metadata: { url: "https://example.test" },
  };
  for (const [message, name] of [
    ["not so", "APIError"],
    ["prompt is too long: 9 > 8", "ContextOverflowError"],
  ] as const) {
    const session = await place(`fail-${name}`, "told");
    const turn = await ask(session, words(`FAIL ${JSON.stringify({ message, data })}`));
    expect(turn.error).toMatchObject({ name, data: { responseBody: data.responseBody } });
  }
});

test.each(["broken", "absent"])("[A-13, A-17] an agent that does not start (%s) says why", async (agent) => {
  expect((await ask(await place(agent, agent), words("SAY x"))).error?.name).toBe("AgentError");
});
