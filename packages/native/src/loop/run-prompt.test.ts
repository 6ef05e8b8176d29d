import { isSettledTool, type Message, type PartOf } from "@holdfast/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import {
  type Bench,
  ended,
  noteTool,
  openBench,
  type Prompting,
  prompting,
  testTool,
} from "../../test/prompting.ts";
import { NotAllowedError, ToolError } from "../tools/index.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const answers = (messages: readonly Message[]) =>
  messages.filter(({ info }) => info.role === "assistant").map(({ info, parts }) => ({ info, parts }));
const textsOf = (messages: readonly Message[]) =>
  answers(messages).map(({ parts }) =>
    parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("|"),
  );
const callsOf = (messages: readonly Message[]): PartOf<"tool">[] =>
  messages.flatMap(({ parts }) => parts.filter((part) => part.type === "tool"));
const requestsSince = (from: number) =>
  bench.model.requests.slice(from).filter(({ side }) => side === undefined);

describe("a prompt", () => {
  test("[A-26] ends when the model stops: one step, its text, its finish and what it used", async () => {
    const { host, prompt } = prompting(bench, {
      facts: { price: { input: 1, output: 2 }, context: 100_000 },
    });
    expect(await prompt("#turn 1\nSAY hello")).toEqual(ended("end_turn"));
    expect(textsOf(host.messages)).toEqual(["hello"]);
    const [step] = answers(host.messages);
    expect(step?.info).toMatchObject({
      finish: "stop",
      tokens: { input: expect.any(Number) as unknown },
      cost: expect.any(Number) as unknown,
    });
    expect(host.said.findLast(({ type }) => type === "usage")).toMatchObject({
      usage: { scope: "turn", context: { size: 100_000 } },
    });
  });

  test("[A-26] a step is committed before the model is asked, and a call before it runs", async () => {
    const seen: string[] = [];
    const { host, prompt } = prompting(bench, {
      tools: (deeds) => [
        testTool("note", z.object({ word: z.string() }), (input) => {
          deeds.push({ tool: "note", input });
          seen.push(
            callsOf(host.messages)
              .map(({ state }) => state.status)
              .join(),
          );
          return Promise.resolve({ title: "t", output: "o" });
        }),
      ],
    });
    const requests = bench.model.requests.length;
    const askedBefore: number[] = [];
    host.onCommit = () => {
      const steps = host.said.filter((event) => event.type === "step" && event.finish === undefined);
      askedBefore[steps.length] ??= bench.model.requests.length - requests;
    };
    await prompt('#turn 1\nCALL note {"word":"a"}\nSAY done');
    expect(seen).toEqual(["running"]);
    expect(askedBefore).toEqual([0, 0, 1]);
  });

  test("[R-11.1] goes on with what its calls gave, which is what the rows say", async () => {
    const from = bench.model.requests.length;
    const { host, deeds, prompt } = prompting(bench);
    expect(await prompt('#turn 1\nCALL note {"word":"a"}\nCALL note {"word":"b"}\nSAY done')).toEqual(
      ended("end_turn"),
    );
    expect(deeds.map(({ input }) => input)).toEqual([{ word: "a" }, { word: "b" }]);
    expect(answers(host.messages)).toHaveLength(3);
    expect(callsOf(host.messages)[0]).toMatchObject({
      tool: "note",
      state: { status: "completed", input: { word: "a" }, output: "noted a", title: "Noted a" },
    });
    const last = requestsSince(from).at(-1);
    expect(last?.conversation.messages.filter(({ role }) => role === "tool").map(({ text }) => text)).toEqual(
      ["noted a", "noted b"],
    );
  });

  test("[R-11.1] calls of one step run at the same time, and results are said as they end", async () => {
    let release: () => void = () => undefined;
    const other = new Promise<void>((resolve) => (release = resolve));
    const { host, prompt } = prompting(bench, {
      tools: () => [
        testTool("slow", z.object({}), async () => {
          await other;
          return { title: "slow", output: "slow" };
        }),
        testTool("quick", z.object({}), () => {
          release();
          return Promise.resolve({ title: "quick", output: "quick" });
        }),
      ],
    });
    expect(await prompt("#turn 1\nCALL slow {}\nALSO quick {}\nSAY done")).toEqual(ended("end_turn"));
    const order = host.said.flatMap((event) =>
      event.type === "tool" && event.update.status === "completed" ? [event.update.output] : [],
    );
    expect(order).toEqual(["quick", "slow"]);
  });

  test("[R-11.1] broken input keeps its text, is told to the model, and nothing runs", async () => {
    const { host, deeds, prompt } = prompting(bench);
    expect(await prompt('#turn 1\nBROKEN note {"word": "a\nSAY done')).toEqual(ended("end_turn"));
    expect(deeds).toEqual([]);
    expect(callsOf(host.messages)).toMatchObject([
      {
        tool: "invalid",
        state: {
          status: "error",
          input: { tool: "note" },
          error: expect.stringContaining("no JSON") as unknown,
          raw: '{"word": "a',
        },
      },
    ]);
  });

  test("[R-3.1] an answer cut by its length fails, and one that breaks off is tried again", async () => {
    expect(await prompting(bench).prompt("#turn 1\nSAY half\nEND length")).toMatchObject({
      outcome: "failed",
      error: { name: "MessageOutputLengthError" },
    });
    expect(await prompting(bench).prompt("#turn 1\nSAY no\nEND content_filter")).toMatchObject({
      outcome: "failed",
      error: { name: "ContentFilterError" },
    });
  });

  test("[D-5] what a user's message says beside its words holds for the whole turn", async () => {
    const from = bench.model.requests.length;
    const { host, steers, prompt } = prompting(bench);
    host.onCommit = (number) => {
      if (number === 1) void steers.offer(host.steer("and now this"));
    };
    const ending = prompt('#turn 1\nCALL note {"word":"a"}\nSAY done');
    const asked = host.messages[0]?.info;
    if (asked?.role === "user") asked.system = "SPEAK LATIN";
    expect(await ending).toEqual(ended("end_turn"));
    const bodies = requestsSince(from).map(({ body }) => JSON.stringify(body));
    expect(bodies.length).toBeGreaterThan(1);
    for (const body of bodies) expect(body).toContain("SPEAK LATIN");
  });

  test("[D-8] the last step is told so and is the last", async () => {
    const from = bench.model.requests.length;
    const { deeds, prompt } = prompting(bench, { place: { maxSteps: 2 } });
    const script = '#turn 1\nCALL note {"word":"a"}\nCALL note {"word":"b"}\nSAY done';
    expect(await prompt(script)).toEqual(ended("max_turn_requests"));
    expect(deeds.length).toBeLessThan(2);
    expect(requestsSince(from)).toHaveLength(2);
    expect(JSON.stringify(requestsSince(from).at(-1)?.body)).toContain("This is your last step");
  });

  test("[A-26] a server that cannot be told ends it at once", async () => {
    const { host, deeds, prompt } = prompting(bench);
    host.onCommit = (number) => {
      if (number === 1) host.refusal = new Error("the disk is full");
    };
    await expect(prompt('#turn 1\nCALL note {"word":"a"}')).rejects.toThrow("the disk is full");
    expect(deeds).toEqual([]);
  });

  test("[R-1.5] rows that are left over are closed: no call stays open", async () => {
    const { host, prompt } = prompting(bench);
    await prompt('#turn 1\nCALL note {"word":"a"}\nSAY done');
    expect(callsOf(host.messages).every(({ state }) => isSettledTool(state.status))).toBe(true);
  });
});

describe("tools", () => {
  const failing = (thrown: Error): Prompting =>
    prompting(bench, {
      tools: () => [testTool("note", z.object({ word: z.string() }), () => Promise.reject(thrown))],
    });

  test.each([
    ["an error of the tool", new ToolError("no such file", { looked: 1 }), "no such file"],
    ["any other error", new TypeError("x is not a function"), "x is not a function"],
    ["words of a person", new NotAllowedError("reject", "use the other one"), "use the other one"],
    ["a mode that forbids it", new NotAllowedError("denied"), "It was not allowed: denied."],
  ])("[R-11.1] %s is the call's result, and the loop goes on", async (_name, error, text) => {
    const { host, prompt } = failing(error);
    expect(await prompt('#turn 1\nCALL note {"word":"a"}\nSAY done')).toEqual(ended("end_turn"));
    expect(callsOf(host.messages)[0]?.state).toMatchObject({ status: "error", error: text });
  });

  test("[D-28] a long result is cut before it is said", async () => {
    const { host, prompt } = prompting(bench, {
      place: { toolOutput: { maxLines: 10, maxBytes: 1_000 } },
      tools: () => [
        testTool("note", z.object({}), () =>
          Promise.resolve({ title: "t", output: "line\n".repeat(100), keep: "tail" }),
        ),
      ],
    });
    await prompt("#turn 1\nCALL note {}\nSAY done");
    const state = callsOf(host.messages)[0]?.state;
    expect(state).toMatchObject({
      metadata: { truncated: true, outputPath: expect.stringContaining("outputs") as unknown },
    });
    expect(state?.status === "completed" && state.output.length).toBeLessThan(1_000);
  });

  const asking = (answer: Parameters<typeof prompting>[1]) =>
    prompting(bench, {
      ...answer,
      tools: (deeds) => [
        testTool("act", z.object({ word: z.string() }), async (input, context) => {
          await context.permit({ title: "Act", kind: "execute", patterns: [input.word] });
          deeds.push({ tool: "act", input });
          return { title: "Acted", output: "acted" };
        }),
      ],
    });

  test("[A-19] a tool asks before it acts, with all of its input", async () => {
    const { host, deeds, prompt } = asking({});
    await prompt('#turn 1\nCALL act {"word":"a"}\nSAY done');
    expect(host.asked).toMatchObject([
      { tool: "act", kind: "execute", args: { word: "a" }, patterns: ["a"] },
    ]);
    expect(deeds).toHaveLength(1);
  });

  test("[A-19] a no without words ends the prompt, and withdraws what else is asked", async () => {
    const withdrawn: string[] = [];
    const { deeds, prompt } = asking({
      permission: ({ patterns }, signal) =>
        patterns[0] === "a"
          ? { action: "reject" }
          : new Promise((resolve) =>
              signal.addEventListener("abort", () => {
                withdrawn.push(patterns[0] ?? "");
                resolve({ action: "cancelled" });
              }),
            ),
    });
    expect(await prompt('#turn 1\nCALL act {"word":"b"}\nALSO act {"word":"a"}\nSAY done')).toEqual(
      ended("denied"),
    );
    expect(deeds).toEqual([]);
    expect(withdrawn).toEqual(["b"]);
  });

  test("[A-19] a no with words, of a mode or of a deadline is a result", async () => {
    for (const answer of [
      { action: "reject", message: "not so" },
      { action: "denied" },
      { action: "expired" },
    ] as const) {
      const { deeds, host, prompt } = asking({ permission: () => answer });
      expect(await prompt('#turn 1\nCALL act {"word":"a"}\nSAY done')).toEqual(ended("end_turn"));
      expect(deeds).toEqual([]);
      expect(callsOf(host.messages)[0]?.state.status).toBe("error");
    }
  });

  test("[R-11.2] the same call a third time is asked about, over steps", async () => {
    const call = 'CALL note {"word":"a"}';
    const { host, deeds, prompt } = prompting(bench);
    expect(await prompt(`#turn 1\n${call}\n${call}\n${call}\n${call}\nSAY done`)).toEqual(ended("end_turn"));
    expect(host.asked).toMatchObject([{ tool: "note", kind: "doom_loop", patterns: ["note"] }]);
    expect(deeds).toHaveLength(4);
  });

  test("[R-11.2] a no ends a model that repeats itself", async () => {
    const call = 'CALL note {"word":"a"}';
    const { deeds, prompt } = prompting(bench, { permission: () => ({ action: "reject" }) });
    expect(await prompt(`#turn 1\n${call}\n${call}\n${call}\n${call}\nSAY done`)).toEqual(ended("denied"));
    expect(deeds).toHaveLength(2);
  });

  test("[R-2.1] an answer as JSON is a call, and ends the prompt", async () => {
    const from = bench.model.requests.length;
    const schema = {
      $schema: "http://json-schema.org/draft-07/schema#",
      type: "object",
      properties: { a: { type: "number" } },
    };
    const { host, prompt } = prompting(bench, {
      room: { format: { type: "json_schema", schema, retryCount: 2 } },
    });
    expect(await prompt('#turn 1\nCALL StructuredOutput {"a":1}\nSAY never')).toEqual(ended("end_turn"));
    expect(callsOf(host.messages)).toMatchObject([
      { tool: "StructuredOutput", state: { status: "completed", input: { a: 1 } } },
    ]);
    expect(requestsSince(from)).toHaveLength(1);
    expect(JSON.stringify(requestsSince(from)[0]?.body)).not.toContain("draft-07");
  });
});

describe("what an input lets it use", () => {
  const offeredSince = (from: number) =>
    requestsSince(from).map(({ body }) =>
      (body as { tools: { function: { name: string } }[] }).tools.map(({ function: { name } }) => name),
    );
  const other = testTool("other", z.object({}), () => Promise.resolve({ title: "o", output: "o" }));

  test.each<[Record<string, boolean>, string[]]>([
    [{ note: false }, ["other", "idle"]],
    [{ "*": false, other: true, idle: true }, ["other", "idle"]],
    [{ note: true, none: false }, ["note", "other", "idle"]],
  ])("[A-7] %j is what it is offered", async (choices, offered) => {
    const from = bench.model.requests.length;
    const { prompt } = prompting(bench, { tools: (deeds) => [noteTool(deeds), other] });
    expect(await prompt("#turn 1\nSAY done", choices)).toEqual(ended("end_turn"));
    expect(offeredSince(from)).toEqual([offered]);
  });

  test("[A-7] holds for its subagents too", async () => {
    const from = bench.model.requests.length;
    const task = testTool("task", z.object({}), async (_input, context) => {
      const given = { agent: "explore", description: "look", prompt: "#turn 1\nSAY found it" };
      return { title: "look", output: (await context.task(given)).text };
    });
    const { prompt } = prompting(bench, { tools: () => [task, other] });
    await prompt("#turn 1\nCALL task {}\nSAY done", { read: false });
    const [, ofChild] = offeredSince(from);
    expect(ofChild).toContain("grep");
    expect(ofChild).not.toContain("read");
  });
});

describe("a subagent", () => {
  const task = (agent: string, prompt: string) =>
    testTool("task", z.object({}), async (_input, context) => {
      const { text, sessionId } = await context.task({ agent, description: "look", prompt });
      return { title: "look", output: text, metadata: { sessionId } };
    });

  test("[R-9.5] works by itself and is told as a child; its last words are the result", async () => {
    const { host, prompt } = prompting(bench, { tools: () => [task("explore", "#turn 1\nSAY found it")] });
    expect(await prompt("#turn 1\nCALL task {}\nSAY done")).toEqual(ended("end_turn"));
    const [child] = host.children.values();
    if (child === undefined) throw new Error("No child was told of.");
    expect(child.events.map(({ type }) => type)).toEqual([
      "began",
      ...child.events.slice(1, -1).map(() => "said"),
      "ended",
    ]);
    expect(textsOf(child.rows.messages)).toEqual(["found it"]);
    expect(callsOf(host.messages)[0]?.state).toMatchObject({ status: "completed", output: "found it" });
  });

  test("[R-9.5] that fails is an error of the call that keeps whose it was", async () => {
    const { host, prompt } = prompting(bench, {
      tools: () => [task("general", '#turn 1\nFAIL 400 {"text":"broken"}')],
    });
    await prompt("#turn 1\nCALL task {}\nSAY done");
    expect(callsOf(host.messages)[0]?.state).toMatchObject({
      status: "error",
      error: expect.stringContaining("broken") as unknown,
      metadata: { sessionId: [...host.children.keys()][0] },
    });
    expect([...host.children.values()][0]?.events.at(-1)).toMatchObject({
      type: "ended",
      error: { name: "APIError" },
    });
  });

  test("[R-9.5] that does not exist is an error, and nothing began", async () => {
    const { host, prompt } = prompting(bench, { tools: () => [task("wizard", "#turn 1\nSAY x")] });
    await prompt("#turn 1\nCALL task {}\nSAY done");
    expect(host.children.size).toBe(0);
    expect(callsOf(host.messages)[0]?.state).toMatchObject({
      status: "error",
      error: expect.stringContaining("general") as unknown,
    });
  });
});
