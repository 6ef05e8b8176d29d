import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { realAgent, type RealAgentName } from "../../../../test-agents/agents.ts";
import { sampleOf } from "../../../../test/harness/sample.ts";
import { startModel, type ScriptedModel } from "../../../../test/model/index.ts";
import { autoAllow } from "../../src/agents/index.ts";
import { AgentRoom } from "./opened-agent.ts";
import { RecordedTurn } from "./recorded-turn.ts";
import { until } from "./waiting.ts";

let model: ScriptedModel;
let room: AgentRoom | undefined;

beforeAll(async () => {
  model = await startModel();
});
afterEach(async () => {
  await room?.end();
  room = undefined;
});
afterAll(() => model.close());

async function roomOf(name: RealAgentName): Promise<AgentRoom> {
  const homeOf = (home: string) => realAgent(name, { modelUrl: model.url, home: path.join(home, "user") });
  room = new AgentRoom((home) => {
    const { command, env } = homeOf(home);
    return { [name]: { backend: "acp", command, env } };
  });
  await homeOf(room.home).prepare();
  return room;
}

type Refusal = { says: string; name: string; data?: Record<string, unknown> };

const tooLong = {
  type: "error",
  error: { type: "invalid_request_error", message: "prompt is too long: 9 > 8" },
};
const wrongKey = { error: { message: "Incorrect API key provided.", code: "invalid_api_key" } };
const WRONG_KEY = `FAIL 401 ${JSON.stringify({ body: wrongKey })}`;

/** What each makes of what the model's provider answers. goose compacts by itself at an overflow; qwen tries again at a rate, without a word. */
const refusals: Record<RealAgentName, readonly Refusal[]> = {
  goose: [
    { says: "FAIL 400 the script says no", name: "APIError", data: { statusCode: 400, isRetryable: false } },
    { says: WRONG_KEY, name: "ProviderAuthError", data: { providerId: "goose" } },
    {
      says: `FAIL 429 ${JSON.stringify({ text: "slow down", headers: { "retry-after": "1" } })}`,
      name: "APIError",
      data: { statusCode: 429, isRetryable: true },
    },
  ],
  qwen: [
    { says: "FAIL 400 the script says no", name: "APIError", data: { statusCode: 400, isRetryable: false } },
    { says: WRONG_KEY, name: "ProviderAuthError", data: { providerId: "qwen" } },
    { says: `FAIL 400 ${JSON.stringify({ body: tooLong })}`, name: "ContextOverflowError" },
  ],
};

const edits: Record<RealAgentName, string> = { goose: "approve", qwen: "auto-edit" };

// One of them in a sample; suites of the whole program take the other one.
describe.each(sampleOf<RealAgentName>(["qwen", "goose"], 1))("the real %s", (name) => {
  test("[A-25] runs a turn with text, tools, permissions and usage", async () => {
    const room = await roomOf(name);
    const handle = await room.open(name);
    const turn = new RecordedTurn();
    const script =
      "#turn 1\nSAY I will write a file.\nWRITE notes.txt a grey seal\nBASH touch made.txt\nSAY Both are done.";
    const result = await handle.prompt(room.say(script), turn);
    expect(result).toMatchObject({
      outcome: "ended",
      stopReason: "end_turn",
      usage: {
        tokens: { input: expect.any(Number) as unknown },
        scope: name === "goose" ? "lastCall" : "turn",
      },
    });
    expect(turn.text).toBe("I will write a file.Both are done.");
    expect(turn.asks.map((ask) => ask.kind)).toEqual(["edit", "execute"]);
    expect(turn.asks.map((ask) => ask.patterns[0])).toEqual([
      expect.stringMatching(/notes\.txt$/),
      "touch made.txt",
    ]);
    expect(turn.asks.map((ask) => autoAllow("edits", ask.kind))).toEqual(["once", undefined]);
    expect(readFileSync(path.join(room.project, "notes.txt"), "utf8").trim()).toBe("a grey seal");
    const done = turn.events.flatMap((event) =>
      event.type === "tool" && event.update.status ? [event.update] : [],
    );
    expect(done.filter((update) => update.status === "completed")).toHaveLength(2);
    expect(handle.version).toMatch(/^\d+\.\d+/);
  });

  test("[A-5] remembers over a restart by resume or load, replaying nothing", async () => {
    const room = await roomOf(name);
    const first = await room.open(name);
    await first.prompt(room.say("#turn 1\nREMEMBER walrus"), new RecordedTurn());
    await first.close();
    room.idle.length = 0;
    const second = await room.open(name, { backendSessionId: first.backendSessionId });
    expect(second.openedBy).toBe(name === "goose" ? "load" : "resume");
    const turn = new RecordedTurn();
    await second.prompt(room.say("#turn 2\nRECALL"), turn);
    expect(turn.text).toBe("You asked me to remember walrus.");
    expect(room.idle.filter((event) => event.type === "late")).toEqual([]);
  });

  test("[A-5] says that an unknown session is gone, so a new one is created", async () => {
    const room = await roomOf(name);
    const gone = name === "goose" ? "20200101_99" : "00000000-0000-4000-8000-000000000000";
    const handle = await room.open(name, { backendSessionId: gone });
    expect(handle.openedBy).toBe("create");
    expect(handle.backendSessionId).not.toBe(gone);
  });

  test("[A-20] holds each approval mode by its own session mode", async () => {
    const room = await roomOf(name);
    const handle = await room.open(name, { approvalMode: "all" });
    const turn = new RecordedTurn();
    await handle.prompt(room.say("#turn 1\nWRITE free.txt yes\nSAY ok"), turn);
    expect(turn.asks).toEqual([]);
    expect(existsSync(path.join(room.project, "free.txt"))).toBe(true);
    await handle.configure({ approvalMode: "edits" });
    const modes = room.idle.flatMap((event) => (event.type === "modes" ? [event.modes.current] : []));
    expect(modes.at(-1)).toBe(edits[name]);
    await handle.configure({ approvalMode: "ask" });
    await handle.prompt(
      room.say("#turn 2\nWRITE held.txt no\nSAY ok"),
      Object.assign(turn, { answer: () => "reject" }),
    );
    expect(turn.asks).toHaveLength(1);
    expect(existsSync(path.join(room.project, "held.txt"))).toBe(false);
  });

  test("[A-15] answers a cancel, also one during a permission request", async () => {
    const room = await roomOf(name);
    const handle = await room.open(name);
    const turn = new RecordedTurn();
    const slow = handle.prompt(room.say("#turn 1\nSLOW 500 50"), turn);
    await until("words come", () => turn.text.includes("w3"));
    await handle.cancel();
    expect(await slow).toMatchObject({ outcome: "ended", stopReason: "cancelled" });
    const asked = new RecordedTurn();
    asked.answer = () => new Promise(() => undefined);
    const waiting = handle.prompt(room.say("#turn 2\nWRITE never.txt x"), asked);
    await until("it asks", () => asked.asks.length > 0);
    await handle.cancel();
    expect(await waiting).toMatchObject({ outcome: "ended", stopReason: "cancelled" });
    const after = new RecordedTurn();
    expect(await handle.prompt(room.say("#turn 3\nSAY still here"), after)).toMatchObject({
      outcome: "ended",
    });
    expect(after.text).toContain("still here");
  });

  test("[A-18, A-25] a refused model call is a failed turn with a typed error", async () => {
    const room = await roomOf(name);
    const handle = await room.open(name);
    for (const [number, { says, name: error, data }] of refusals[name].entries()) {
      const result = await handle.prompt(room.say(`#turn ${number + 1}\n${says}`), new RecordedTurn());
      expect(result, says).toMatchObject({
        outcome: "failed",
        error: { name: error, ...(data && { data }) },
      });
    }
  });
});

test("[A-2, A-20] the real goose writes through us what it was allowed to, new, changed and in new directories", async () => {
  const room = await roomOf("goose");
  const handle = await room.open("goose");
  const turn = new RecordedTurn();
  const script = ["#turn 1", "WRITE a.txt one", "WRITE a.txt two", "WRITE deep/er/b.txt three", "SAY done"];
  await handle.prompt(room.say(script.join("\n")), turn);
  const at = (name: string) => path.join(room.project, name);
  expect(turn.events.flatMap((event) => (event.type === "file" ? [event.path] : []))).toEqual(
    ["a.txt", "a.txt", "deep/er/b.txt"].map(at),
  );
  // Its own requests, none of ours beside them.
  expect(turn.asks.map((ask) => ask.tool)).toEqual(["write", "write", "write"]);
  expect([readFileSync(at("a.txt"), "utf8"), readFileSync(at("deep/er/b.txt"), "utf8")]).toEqual([
    "two",
    "three",
  ]);
  turn.answer = () => "reject";
  await handle.prompt(room.say("#turn 2\nWRITE c.txt no\nSAY done"), turn);
  expect(existsSync(at("c.txt"))).toBe(false);
});
