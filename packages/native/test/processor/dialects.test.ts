/** The loop on the scripted model over HTTP, in the words of each provider: what must not depend on which one it is. */
import type { Message } from "@holdfast/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { startModel } from "../../../../test/model/index.ts";
import { WORDS } from "../../src/view/index.ts";
import { KINDS } from "../model/ask.ts";
import {
  type Bench,
  ended,
  failed,
  noteTool,
  openBench,
  partsOf,
  prompting,
  quickClock,
  testTool,
} from "../prompting.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const answersOf = (messages: readonly Message[]) =>
  messages.flatMap(({ info }) => (info.role === "assistant" ? [info] : []));
const saidBy = (messages: readonly Message[], type: "text" | "reasoning") =>
  partsOf(
    messages.filter(({ info }) => info.role === "assistant"),
    type,
  ).map(({ text, attempt }) => [text, attempt]);

/** How each says that an answer with calls has simply ended; two of them cannot. */
const STOP = {
  anthropic: "\nEND end_turn",
  openai: "",
  google: "\nEND STOP",
  "openai-compatible": "\nEND stop",
};
const PNG = "iVBORw0KGgo=";

describe.each(KINDS)("%s", (kind) => {
  const requestsSince = (from: number) => bench.model.requests.slice(from);

  /** What came of a prompt with these words, and how many requests it took. */
  async function run(script: string, options: Parameters<typeof prompting>[1] = {}) {
    const from = bench.model.requests.length;
    const { host, deeds, prompt } = prompting(bench, { kind, clock: quickClock, ...options });
    const answer = await prompt(`#turn 1\n${script}`);
    return { answer, deeds, messages: host.messages, requests: requestsSince(from) };
  }

  test("[R-12.1] what was said and what a call gave reach the model as they are", async () => {
    const odd = '  two  spaces,\ttab \n\n\n  é \u{1D11E} <b>&amp;</b> "\\n" ';
    const from = bench.model.requests.length;
    const { host, prompt } = prompting(bench, {
      kind,
      tools: () => [testTool("odd", z.object({}), () => Promise.resolve({ title: "t", output: odd }))],
    });
    await prompt(`#turn 1\nCALL odd {}\nSAY done\n${odd}`);
    const told = requestsSince(from).at(-1)?.conversation.messages ?? [];
    expect(told.find(({ role }) => role === "user")?.text).toBe(`#turn 1\nCALL odd {}\nSAY done\n${odd}`);
    expect(told.find(({ role }) => role === "tool")?.text).toContain(
      kind === "google" ? JSON.stringify(odd).slice(1, -1) : odd,
    );
    expect(host.messages[0]?.parts).toMatchObject([
      { type: "text", text: expect.stringContaining(odd) as string },
    ]);
  });

  test("[A-26] it ends with a stop, and goes on behind calls, whatever word the answer with them ended with", async () => {
    const { answer, deeds, messages } = await run(
      `CALL note {"word":"a"}\nCALL note {"word":"b"}${STOP[kind]}\nSAY done`,
    );
    expect(answer).toEqual(ended("end_turn"));
    expect(deeds.map(({ input }) => input)).toEqual([{ word: "a" }, { word: "b" }]);
    expect(answersOf(messages)).toHaveLength(3);
    expect(answersOf(messages).at(-1)?.finish).toBe("stop");
    if (kind === "anthropic" || kind === "openai-compatible")
      expect(answersOf(messages)[1]?.finish).toBe("stop");
  });

  test("[R-17.8] an error of the answer that nobody knows is met once; a rate is met again, and said once, with its number", async () => {
    for (const script of [
      'SAY one\nFAIL 400 {"text":"no_kv_space"}',
      'FAIL 400 {"body":{"error":{"message":"no_kv_space"}}}\nSAY never',
    ]) {
      const odd = await run(script);
      expect(odd.answer).toMatchObject(failed("APIError"));
      expect(odd.requests).toHaveLength(1);
      expect(partsOf(odd.messages, "retry")).toEqual([]);
    }
    const rate = await run("SAY one\nFAIL 429 slow down\nSAY two");
    expect(rate.answer).toEqual(ended("end_turn"));
    expect(rate.requests).toHaveLength(2);
    expect(partsOf(rate.messages, "retry")).toMatchObject([
      { number: 1, error: { name: "APIError", data: { message: "slow down", isRetryable: true } } },
    ]);
  });

  test("[R-5.2] reasoning and text of a try that broke off stay apart from those of the next, and out of what is told later", async () => {
    const from = bench.model.requests.length;
    const { host, prompt } = prompting(bench, { kind, clock: quickClock });
    expect(await prompt("#turn 1\nTHINK deep\nSAY one\nCRASH\nTHINK again\nSAY two")).toEqual(
      ended("end_turn"),
    );
    expect(saidBy(host.messages, "reasoning")).toEqual([
      ["deep", 1],
      ["again", undefined],
    ]);
    expect(saidBy(host.messages, "text")).toEqual([
      ["one", 1],
      ["two", undefined],
    ]);
    await prompt("#turn 2\nSAY done");
    const requests = requestsSince(from);
    expect(requests).toHaveLength(3);
    const told = JSON.stringify(requests.at(-1)?.body);
    expect(told).toContain('"two"');
    expect(told).not.toContain('"one"');
    expect(told).not.toContain('"deep"');
  });

  test("[R-13.1] an answer that ends in mid-word is asked for again", async () => {
    const { answer, messages, requests } = await run("SAY half a wor\nCUT\nSAY whole");
    expect(answer).toEqual(ended("end_turn"));
    expect(requests).toHaveLength(2);
    expect(saidBy(messages, "text")).toEqual([
      ["half a wor", 1],
      ["whole", undefined],
    ]);
  });

  test("[R-3.1] a length and a filter are errors of their own, and no try again", async () => {
    for (const [reason, name] of [
      ["length", "MessageOutputLengthError"],
      ["content_filter", "ContentFilterError"],
    ] as const) {
      const { answer, requests } = await run(`SAY half\nEND ${reason}`);
      expect(answer).toMatchObject(failed(name));
      expect(requests).toHaveLength(1);
    }
  });

  test("[R-11.1] a call whose input is broken is told to the model, and not run", async () => {
    const { answer, deeds, messages, requests } = await run('BROKEN note {"word": "a\nSAY done');
    expect(deeds).toEqual([]);
    if (kind === "google") {
      // Gemini says so in the place of the call, and the answer is asked for again.
      expect(partsOf(messages, "retry")).not.toHaveLength(0);
      return;
    }
    expect(answer).toEqual(ended("end_turn"));
    expect(partsOf(messages, "tool")).toMatchObject([
      { tool: "invalid", state: { status: "error", raw: '{"word": "a' } },
    ]);
    expect(requests[1]?.conversation.messages.findLast(({ role }) => role === "tool")?.text).toContain(
      "no JSON",
    );
  });

  test("[R-12.2] an error of a call is its result, behind it as any other", async () => {
    const from = bench.model.requests.length;
    const { prompt } = prompting(bench, {
      kind,
      tools: (deeds) => [
        noteTool(deeds),
        testTool("bad", z.object({}), () => Promise.reject(new Error("no such file"))),
      ],
    });
    await prompt('#turn 1\nCALL bad {}\nALSO note {"word":"a"}\nSAY done');
    const results = requestsSince(from)
      .at(-1)
      ?.conversation.messages.filter(({ role }) => role === "tool");
    expect(results?.map(({ text }) => text).join("|")).toMatch(/no such file[^]*\|[^]*noted a/);
  });

  test("[R-12.5] an image of a result stands in it, or else behind it", async () => {
    const { requests } = await run("CALL look {}\nSAY done", {
      facts: { images: true },
      tools: () => [
        testTool("look", z.object({}), () =>
          Promise.resolve({
            title: "t",
            output: "seen",
            attachments: [{ mime: "image/png", filename: "a.png", data: PNG }],
          }),
        ),
      ],
    });
    const body = JSON.stringify(requests.at(-1)?.body);
    expect(body.split(PNG)).toHaveLength(2);
    expect(body.includes(WORDS.fromTools)).toBe(kind === "openai-compatible");
    expect(body.indexOf("seen")).toBeGreaterThan(0);
  });

  test("[R-14.1] an overflow that the provider finds is compacted, and is no error of the session's", async () => {
    const model = await startModel({ context: 12_000 });
    const { host, prompt } = prompting({ ...bench, model }, { kind });
    const long = "word ".repeat(3_200);
    expect(await prompt(`#turn 1\nSAY ${long}`)).toEqual(ended("end_turn"));
    const answer = await prompt(`#turn 2\nSAY second\n${long}`);
    await model.close();
    expect(answer).toEqual(ended("end_turn"));
    expect(partsOf(host.messages, "compaction")).toMatchObject([{ auto: true, overflow: true }]);
    expect(partsOf(host.messages, "retry")).toEqual([]);
    expect(answersOf(host.messages).flatMap(({ error }) => error ?? [])).toEqual([]);
    expect(saidBy(host.messages, "text").at(-1)).toEqual(["second", undefined]);
  });

  test("[R-2.1] an answer as JSON, nested and with lists, is a call; the schema comes without its dialect", async () => {
    const bird = {
      type: "object",
      properties: {
        name: { type: "string" },
        beak: { type: "object", properties: { cm: { type: "number" } } },
      },
    };
    const schema = {
      $schema: "http://json-schema.org/draft-07/schema#",
      type: "object",
      properties: { birds: { type: "array", items: bird } },
    };
    const value = { birds: [{ name: "heron", beak: { cm: 12 } }, { name: "owl" }] };
    const { answer, messages, requests } = await run(
      `CALL StructuredOutput ${JSON.stringify(value)}\nSAY never`,
      {
        room: { format: { type: "json_schema", schema, retryCount: 2 } },
      },
    );
    expect(answer).toEqual(ended("end_turn"));
    expect(partsOf(messages, "tool")).toMatchObject([
      { tool: "StructuredOutput", state: { status: "completed", input: value } },
    ]);
    expect(requests).toHaveLength(1);
    const body = JSON.stringify(requests[0]?.body);
    expect(body).not.toContain("draft-07");
    expect(body).toContain('"beak"');
  });

  test("[R-17.10] a cancel ends a call whose input still comes, and one that came whole", async () => {
    const { host, cancel, deeds, prompt } = prompting(bench, {
      kind,
      tools: (begun) => [
        testTool("note", z.object({ word: z.string() }), (input, { signal }) => {
          begun.push({ tool: "note", input });
          return new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(new Error("stopped")));
          });
        }),
      ],
    });
    const running = prompt(`#turn 1\nSAY begun\nPIECES 100 50\nCALL note {"word":"${"a".repeat(200)}"}`);
    await expect
      .poll(() => host.said.some((event) => event.type === "tool" && event.update.raw !== ""))
      .toBe(true);
    cancel.abort();
    expect(await running).toEqual(ended("cancelled"));
    // Gemini sends a call at once.
    if (kind !== "google") expect(deeds).toEqual([]);
    const [call] = partsOf(host.messages, "tool");
    expect(call?.state).toMatchObject({
      status: "error",
      error: "Tool execution aborted",
      metadata: { interrupted: true },
    });
    expect(saidBy(host.messages, "text")).toEqual([["begun", undefined]]);
  });
});
