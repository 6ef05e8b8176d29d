import { newId, systemClock } from "@holdfast/kernel";
import { HOOK_MS } from "@holdfast/native";
import { afterEach, describe, expect, test } from "vitest";
import { KEY, NativeRoom } from "../../../test/agents/native-room.ts";
import { RecordedTurn } from "../../../test/agents/recorded-turn.ts";
import { until } from "../../../test/agents/waiting.ts";
import type { AgentFailure, AgentHandle, PromptResult } from "../port.ts";

let room: NativeRoom | undefined;

afterEach(async () => {
  await room?.end();
  room = undefined;
});

type Over = ConstructorParameters<typeof NativeRoom>[1];

async function playing(
  scene: string,
  over?: Over,
): Promise<{ room: NativeRoom; handle: AgentHandle; turn: RecordedTurn }> {
  const opened = new NativeRoom(scene, over);
  room = opened;
  return { room: opened, handle: await opened.open(), turn: new RecordedTurn() };
}

const INPUT = { parts: [] };

/** Plays a scene that breaks, and answers how the prompt ended and whether the exit was heard of first. */
async function broken(scene: string, over?: Over): Promise<PromptResult> {
  const { handle, turn } = await playing(scene, over);
  let exit: boolean | undefined;
  handle.onExit(({ expected }) => (exit = expected));
  const result = await handle.prompt(INPUT, turn);
  expect(exit).toBe(false);
  expect(handle.alive).toBe(false);
  return result;
}

const messageOf = (result: PromptResult): string =>
  "error" in result && "message" in result.error.data ? result.error.data.message : "";

describe("a prompt of the native agent", () => {
  test("[A-26, A-19] what it says comes in order, each call is committed before it runs, and a permission is asked", async () => {
    const { handle, turn } = await playing("tools");
    expect(await handle.prompt(INPUT, turn)).toEqual({ outcome: "ended", stopReason: "end_turn" });
    expect(turn.events.map((event) => (event.type === "tool" ? event.update.status : event.type))).toEqual([
      "step",
      "pending",
      "running",
      "completed",
      "text",
      "usage",
    ]);
    expect(turn.asks).toMatchObject([
      { callId: "c1", tool: "bash", args: { command: "ls" }, patterns: ["ls"] },
    ]);
    expect(turn.events[3]).toMatchObject({ update: { output: '{"action":"once"}' } });
  });

  test.each([
    ["once", { action: "once" }],
    ["reject", { action: "reject" }],
    [{ reject: "use rg" }, { action: "reject", message: "use rg" }],
    ["denied", { action: "denied" }],
    ["expired", { action: "expired" }],
  ] as const)("[A-19] the answer %j is told as it is, with a person's words", async (answer, told) => {
    const { handle, turn } = await playing("tools");
    turn.answer = () => answer;
    await handle.prompt(INPUT, turn);
    expect(turn.events[3]).toMatchObject({ update: { output: JSON.stringify(told) } });
  });

  test("[A-19] a request that it cancels is withdrawn", async () => {
    const { handle, turn } = await playing("withdraws");
    turn.answer = (_request, withdrawn) =>
      new Promise((resolve) => withdrawn?.addEventListener("abort", () => resolve("cancelled")));
    // The program hears nothing of a request that it took back.
    expect(await handle.prompt(INPUT, turn)).toMatchObject({ outcome: "ended" });
    expect(turn.asks).toHaveLength(1);
  });

  test("[A-26] its memory is what is read: the history, the running turn and stored content", async () => {
    const { handle, turn } = await playing("reads");
    const format = { type: "json_schema", schema: { type: "number" }, retryCount: 1 } as const;
    await handle.prompt({ ...INPUT, format }, turn);
    expect(JSON.parse(turn.text)).toEqual({
      turnId: turn.turnId,
      format,
      history: [],
      turn: [],
      blob: { data: Buffer.from("seen").toString("base64") },
      none: null,
    });
    expect(handle).toMatchObject({ readsRows: true, answersJson: true });
  });

  test("[A-26, D-16] nothing is committed behind the end of its prompt", async () => {
    const { room, handle, turn } = await playing("commitsLate");
    await handle.prompt(INPUT, turn);
    await handle.configure({ approvalMode: "ask", model: { modelId: "anthropic/claude-haiku-4-5" } });
    await until("it was told", () => room.idle.some(({ type }) => type === "notice"));
    expect(room.idle.find(({ type }) => type === "notice")).toMatchObject({ kind: "refused" });
  });

  test("[R-9.5] a subagent is told as a child, and a compaction and cleared outputs by the ids of rows", async () => {
    const child = await playing("child");
    await child.handle.prompt(INPUT, child.turn);
    expect(child.turn.children.map(({ childId, told }) => `${childId} ${told.type}`)).toEqual([
      "k began",
      "k said",
      "k ended",
    ]);
    await child.room.end();
    const { handle, turn } = await playing("compacts");
    await handle.prompt(INPUT, turn);
    expect(turn.events.slice(1)).toEqual([
      { type: "compaction", stepId: "s", auto: true, tailMessageId: "msg_tail", isDone: true },
      { type: "rowCleared", messageId: "msg_old", partId: "prt_old", time: 5 },
    ]);
  });

  test("[A-28] words for the running prompt are stored before anything that follows is read", async () => {
    const { handle, turn } = await playing("steered");
    const prompt = handle.prompt(INPUT, turn);
    await until("it works", () => turn.text === "before");
    const messageId = newId("msg");
    const steered = await handle.steer?.({ messageId, parts: [] });
    expect(steered).toMatchObject({ outcome: "injected" });
    expect(turn.text).toBe("before");
    if (steered?.outcome === "injected") steered.goOn?.();
    await prompt;
    expect(turn.text).toBe(`beforebehind ${messageId}`);
    expect(await handle.steer?.({ messageId, parts: [] })).toEqual({ outcome: "promptRequired" });
  });

  test("[A-28] words that missed the prompt are for the next one", async () => {
    const { handle, turn } = await playing("missed");
    const prompt = handle.prompt(INPUT, turn);
    await until("it works", () => turn.text === "before");
    expect(await handle.steer?.({ messageId: newId("msg"), parts: [] })).toEqual({
      outcome: "promptRequired",
    });
    await prompt;
  });

  test("[A-16] what comes after the prompt is noted as late and enters no turn", async () => {
    const { room, handle, turn } = await playing("late");
    await handle.prompt(INPUT, turn);
    await until("it came", () => room.idle.some(({ type }) => type === "late"));
    expect(turn.events).toEqual([]);
  });

  test("[A-12] while too much is uncommitted nothing more is read", async () => {
    const { handle, turn } = await playing("tools");
    const gate = Promise.withResolvers<void>();
    turn.gate = gate.promise;
    const prompt = handle.prompt(INPUT, turn);
    await until("the first was read", () => turn.events.length === 1);
    expect(turn.events).toHaveLength(1);
    turn.gate = undefined;
    gate.resolve();
    await prompt;
    expect(turn.events).toHaveLength(6);
  });
});

describe("[A-15] the stop of a prompt", () => {
  test("[A-15] the program is told, and what it says until its answer is taken", async () => {
    const { handle, turn } = await playing("cancelled");
    const prompt = handle.prompt(INPUT, turn);
    await until("it works", () => turn.text === "working");
    await handle.cancel();
    expect(await prompt).toEqual({ outcome: "ended", stopReason: "cancelled" });
    expect(turn.text).toBe("workingstopped");
    expect(handle.alive).toBe(true);
  });

  test("[A-15, A-10] one that does not listen is ended, and its prompt with it", async () => {
    const soon = {
      ...systemClock,
      after: (ms: number, run: () => void) => systemClock.after(ms > 5_000 ? ms : ms / 20, run),
    };
    const { handle, turn } = await playing("deaf", { clock: soon });
    const prompt = handle.prompt(INPUT, turn);
    await until("it works", () => turn.text === "working");
    await handle.cancel();
    expect(await prompt).toEqual({ outcome: "killed" });
    expect(handle.alive).toBe(false);
  });

  test("[A-10] a close ends an idle program politely, and is no crash", async () => {
    const { handle } = await playing("tools");
    let exit: boolean | undefined;
    handle.onExit(({ expected }) => (exit = expected));
    await handle.close();
    await until("it is heard", () => exit !== undefined);
    expect(exit).toBe(true);
  });
});

describe("[A-12, A-17] a program that is not to be trusted", () => {
  test.each([
    ["garbage", /broke its protocol\. It wrote what is no message/],
    ["long", /a message of 99999999999 bytes, and may write 67108864/],
    ["unfit", /does not fit: events\.0/],
    ["badAsk", /does not fit: tool/],
    ["badAnswer", /does not fit: outcome/],
    ["flood", /more than 256 things at once/],
  ])("[A-12] %s ends it, with an error that says so", async (scene, message) => {
    const { handle, turn } = await playing(scene);
    if (scene === "flood") turn.answer = () => new Promise(() => undefined);
    const result = await handle.prompt(INPUT, turn);
    expect(result).toMatchObject({
      outcome: "crashed",
      error: { name: "AgentError", data: { phase: "prompt" } },
    });
    expect(messageOf(result)).toMatch(message);
    expect(handle.alive).toBe(false);
  });

  test("[A-17, A-13] one that exits has crashed: its code, and its last words without the key", async () => {
    const result = await broken("exits");
    expect(result).toMatchObject({
      outcome: "crashed",
      error: { data: { agent: "native:build", exitCode: 3, stderrTail: "the end, with [redacted]" } },
    });
  });

  test("[A-17] a prompt that it cannot do fails, and it lives on", async () => {
    const { handle, turn } = await playing("throws");
    const result = await handle.prompt(INPUT, turn);
    expect(result.outcome).toBe("failed");
    expect(messageOf(result)).toContain("The loop is broken.");
    expect(handle.alive).toBe(true);
  });

  const quick = {
    ...systemClock,
    after: (ms: number, run: () => void) => systemClock.after(ms === HOOK_MS ? 100 : ms, run),
  };

  test("[A-26] a hook that never comes back costs the program, and is named", async () => {
    const result = await broken("hook", { clock: quick });
    expect(result.outcome).toBe("crashed");
    expect(messageOf(result)).toMatch(/chat\.params of \/hooks\/slow\.mjs did not come back within 30 s/);
  });

  test("[A-26] one that comes back costs nothing", async () => {
    const { handle, turn } = await playing("quickHook", { clock: quick });
    expect(await handle.prompt(INPUT, turn)).toMatchObject({ outcome: "ended" });
  });

  test("[A-26, A-7] a key is in nothing that it says, asks or fails with", async () => {
    const { room, handle, turn } = await playing("key");
    const result = await handle.prompt(INPUT, turn);
    const kept = JSON.stringify([turn.events, turn.asks, result, room.idle]);
    expect(kept).toContain("The key is [redacted].");
    expect(kept).not.toContain(KEY);
  });
});

const failureOf = (opening: Promise<unknown>): Promise<AgentFailure> =>
  opening.then(
    () => Promise.reject(new Error("it opened")),
    (error: unknown) => error as AgentFailure,
  );

describe("opening it", () => {
  test("[A-26] it is told its models and settings; keys are in no environment", async () => {
    const native = {
      model: "anthropic/claude-sonnet-5",
      maxSteps: 7,
      hooks: ["own.mjs"],
      compaction: { prune: true },
    };
    const { room, handle, turn } = await playing("opened", { native });
    await handle.prompt(INPUT, turn);
    expect(JSON.parse(turn.text)).toMatchObject({
      agent: "build",
      directory: room.project,
      root: room.project,
      model: { providerId: "anthropic", modelId: "claude-sonnet-5" },
      hooks: [`${room.home}/own.mjs`],
      compaction: { auto: true, prune: true },
      toolOutput: { maxLines: 2_000, maxBytes: 51_200 },
      maxSteps: 7,
      hiddenVariables: expect.arrayContaining(["ANTHROPIC_API_KEY", "OPENAI_API_KEY"]) as unknown,
      providers: [["anthropic", expect.arrayContaining(["claude-sonnet-5"]) as unknown]],
      own: [],
    });
    expect(room.idle).toMatchObject([{ type: "models", models: { current: "anthropic/claude-sonnet-5" } }]);
    expect(handle.version).toBe("1.2.3");
    expect(handle.model).toBeUndefined();
  });

  test("[A-4] its session is ours: the first opening creates it, each later one resumes it", async () => {
    const { room, handle } = await playing("tools");
    expect(handle.openedBy).toBe("create");
    const again = await room.open({
      backendSessionId: handle.backendSessionId,
      agentSessionId: handle.backendSessionId as never,
    });
    expect(again).toMatchObject({ openedBy: "resume", backendSessionId: handle.backendSessionId });
  });

  test("[A-7] a model is told when it is another one; a model that there is not is refused, naming the field", async () => {
    const { room, handle } = await playing("tools");
    await handle.configure({ approvalMode: "ask" });
    await handle.configure({
      approvalMode: "all",
      model: { modelId: "anthropic/claude-haiku-4-5", variant: "high" },
    });
    expect(handle.model).toEqual({ providerId: "anthropic", modelId: "claude-haiku-4-5", variant: "high" });
    await until("it was told", () => room.idle.some(({ type }) => type === "late"));
    expect(JSON.stringify(room.idle)).toMatch(/configured .*claude-haiku-4-5/);
    for (const [model, message] of [
      [{ modelId: "gpt-0" }, /^model: there is no gpt-0/],
      [{ providerId: "openai", modelId: "gpt-5" }, /^model: there is no openai\/gpt-5/],
      [{ modelId: "claude-haiku-4-5", variant: "odd" }, /^model\.variant: .* It has high, max/],
    ] as const)
      await expect(handle.configure({ approvalMode: "all", model })).rejects.toMatchObject({
        code: "AGENT_UNAVAILABLE",
        message: expect.stringMatching(message) as unknown,
      });
  });

  test("[A-3] without a provider it is refused, with what to do", async () => {
    room = new NativeRoom("tools", { environment: {} });
    const failure = await failureOf(room.open());
    expect(failure).toMatchObject({ kind: "unavailable" });
    expect(failure.message).toMatch(/ANTHROPIC_API_KEY.*keys\.json.*HOLDFAST_MODEL_URL/);
    expect(room.rows.rows.size).toBe(0);
  });

  test("[A-7] another key or another program makes a live one outdated, and a fingerprint tells no key", async () => {
    const { room, handle } = await playing("tools", {
      environment: {},
      providers: { anthropic: { baseUrl: "http://127.0.0.1:1" } },
    });
    expect(await room.backend.fingerprint?.("native:build")).toBe(handle.process?.fingerprint);
    room.keys({ anthropic: KEY });
    expect(await room.backend.fingerprint?.("native:build")).not.toBe(handle.process?.fingerprint);
  });

  test.each([
    ["no-open", /It cannot be opened with \[redacted\]/],
    ["slow-open", /did not answer open within 0\.3 s/],
  ])("[A-17] %s fails the opening and leaves nothing", async (scene, message) => {
    room = new NativeRoom(scene, { openMs: scene === "slow-open" ? 300 : 60_000 });
    const failure = await failureOf(room.open());
    expect(failure).toMatchObject({ kind: "crashed", error: { data: { phase: "open" } } });
    expect(failure.message).toMatch(message);
    await until("nothing lives", () => room?.rows.rows.size === 0);
  });

  test("[A-17] an opening that is stopped ends its program", async () => {
    room = new NativeRoom("slow-open");
    const stopping = new AbortController();
    const opening = failureOf(room.open({ signal: stopping.signal }));
    await until("it runs", () => room?.rows.rows.size === 1);
    stopping.abort();
    expect(await opening).toMatchObject({ kind: "aborted" });
    await until("nothing lives", () => room?.rows.rows.size === 0);
  });
});
