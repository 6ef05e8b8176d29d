/** What a compaction is in rows, and what becomes of one that does not come to its end. */
import { FakeClock } from "@holdfast/kernel";
import type { Message } from "@holdfast/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Bench,
  ended,
  failed,
  openBench,
  partsOf,
  prompting,
  quickClock,
} from "../../test/prompting.ts";
import { COMPACTION_TEXT } from "../prompt/index.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const summaries = (messages: readonly Message[]) =>
  messages.filter(({ info }) => info.role === "assistant" && info.summary === true);
const facts = { context: 40_000, output: 32_000 };
const FULL = '#turn 1\nUSAGE {"input":39000,"output":100}\nCALL note {"word":"a"}\nSAY done';

/** The scripted model calls what it is offered. */
const TOOLS = ["note", "idle"].map((name) => ({
  type: "function",
  function: { name, parameters: { type: "object", properties: {} } },
}));

type Body = { messages: unknown[]; tools?: unknown };

/** Requests for a summary are answered by this script, by the same scripted model; `seen` has them as they were. */
function summarizing(script: string): { seen: Body[]; fetch: typeof fetch } {
  const seen: Body[] = [];
  const through: typeof fetch = (input, init) => {
    const body = JSON.parse(init?.body as string) as Body;
    if (!JSON.stringify(body).includes(JSON.stringify(COMPACTION_TEXT).slice(1, 60)))
      return fetch(input, init);
    seen.push(body);
    const messages = [{ role: "user", content: `#turn 1\n${script}` }];
    return fetch(input, { ...init, body: JSON.stringify({ ...body, messages, tools: TOOLS }) });
  };
  return { seen, fetch: through };
}

describe("a compaction", () => {
  test("[R-14.7] is a step that answers the user's message; its request has no tools", async () => {
    const { seen, fetch } = summarizing("SAY what was done");
    const { host, prompt } = prompting(bench, { facts, fetch });
    expect(await prompt(FULL)).toEqual(ended("end_turn"));
    const [asked] = host.messages;
    const [summary] = summaries(host.messages);
    expect(summary?.info).toMatchObject({ parentId: asked?.info.id, finish: "stop" });
    expect(summary?.parts.map(({ type }) => type)).toEqual([
      "step-start",
      "compaction",
      "text",
      "step-finish",
    ]);
    expect(seen).toHaveLength(1);
    expect(seen[0]).not.toHaveProperty("tools");
  });

  test("[R-14.7] a call of a tool in it is not run, and ends", async () => {
    const { fetch } = summarizing('SAY what was done\nCALL note {"word":"b"}');
    const { host, deeds, prompt } = prompting(bench, { facts, fetch });
    await prompt(FULL);
    expect(deeds.map(({ input }) => input)).toEqual([{ word: "a" }]);
    expect(partsOf(summaries(host.messages), "tool").map(({ state }) => state.status)).toEqual(["error"]);
  });

  test("[R-16.1] that overflows itself fails the turn, and stands for nothing", async () => {
    const { fetch } = summarizing("FAIL 400 prompt is too long: 9 tokens > 8 maximum");
    const { host, prompt } = prompting(bench, { facts, fetch });
    expect(await prompt(FULL)).toMatchObject(failed("ContextOverflowError"));
    const [summary] = summaries(host.messages);
    expect(summary?.info).not.toHaveProperty("finish");
    expect(host.said.filter(({ type }) => type === "compaction")).toMatchObject([{ isDone: false }]);
  });

  test("[R-13.1] that fails is tried again, and is one message", async () => {
    const { seen, fetch } = summarizing("FAIL 500 down\nSAY what was done");
    const { host, prompt } = prompting(bench, { facts, fetch, clock: quickClock });
    expect(await prompt(FULL)).toEqual(ended("end_turn"));
    expect(seen).toHaveLength(2);
    expect(summaries(host.messages)).toHaveLength(1);
    expect(partsOf(summaries(host.messages), "retry")).toMatchObject([{ number: 1 }]);
  });

  test("[R-16.1] that says nothing is tried again, each call under an id of its own, and fails the turn in the end", async () => {
    const { fetch: asking } = summarizing('CALL note {"word":"b"}');
    const fetch: typeof asking = async (input, init) => {
      const response = await asking(input, init);
      return new Response((await response.text()).replaceAll(/call_\d+_/g, "call_"), response);
    };
    const { host, prompt } = prompting(bench, { facts, fetch, clock: quickClock });
    expect(await prompt(FULL)).toMatchObject(failed("APIError"));
    const calls = partsOf(summaries(host.messages), "tool");
    expect(calls.map(({ callId }) => callId)).toEqual([
      "call_0",
      ...[2, 3, 4, 5].map((at) => `call_0_${at}`),
    ]);
    expect(calls.map(({ state }) => state.status)).toEqual(Array.from({ length: 5 }, () => "error"));
  });

  test("[D-16] a cancel before it leaves no summary", async () => {
    const { host, cancel, prompt } = prompting(bench, { facts });
    const say = host.say.bind(host);
    host.say = (...events) => {
      if (events.some((event) => event.type === "tool" && event.update.status === "completed"))
        cancel.abort();
      return say(...events);
    };
    expect(await prompt(FULL)).toEqual(ended("cancelled"));
    expect(summaries(host.messages)).toEqual([]);
  });

  test("[R-13.1] a cancel while it waits for its next try ends it at once: no clock has to move", async () => {
    const { fetch } = summarizing('FAIL 500 {"headers":{"retry-after":"600"}}');
    const { host, cancel, prompt } = prompting(bench, { facts, fetch, clock: new FakeClock() });
    host.onCommit = () => {
      if (host.said.some(({ type }) => type === "retry")) queueMicrotask(() => cancel.abort());
    };
    expect(await prompt(FULL)).toEqual(ended("cancelled"));
    const [summary] = summaries(host.messages);
    expect(summary?.info).not.toHaveProperty("finish");
  });
});
