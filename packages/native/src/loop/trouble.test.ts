import { FakeClock } from "@holdfast/kernel";
import type { Message } from "@holdfast/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import {
  type Bench,
  ended,
  failed,
  openBench,
  partsOf,
  prompting,
  quickClock,
  testTool,
} from "../../test/prompting.ts";
import type { Hooks } from "../hooks/index.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const saidBy = (messages: readonly Message[]) =>
  partsOf(
    messages.filter(({ info }) => info.role === "assistant"),
    "text",
  ).map(({ text, attempt }) => ({ text, attempt }));
const soon = '{"headers":{"retry-after-ms":"1"}}';
const requestsSince = (from: number) => bench.model.requests.slice(from);
const summaries = (messages: readonly Message[]) =>
  messages.filter(({ info }) => info.role === "assistant" && info.summary === true);

describe("retries", () => {
  test("[R-13.1] a call that was refused is made again, and said with its time before it is waited for", async () => {
    const { host, prompt } = prompting(bench);
    expect(await prompt(`#turn 1\nFAIL 500 ${soon}\nSAY ok`)).toEqual(ended("end_turn"));
    expect(partsOf(host.messages, "retry")).toMatchObject([
      { number: 1, error: { data: { statusCode: 500 } } },
    ]);
    const types = host.log.map(({ type }) => type);
    expect(types.slice(types.indexOf("retry"))).toEqual(expect.arrayContaining(["retry", "commit", "text"]));
    expect(types[types.indexOf("retry") + 1]).toBe("commit");
    expect(saidBy(host.messages)).toEqual([{ text: "ok", attempt: undefined }]);
  });

  test("[R-5.2] what a try said that broke off stays apart from what the next one says", async () => {
    const { host, prompt } = prompting(bench, { clock: quickClock });
    expect(await prompt("#turn 1\nSAY one\nCRASH\nSAY two")).toEqual(ended("end_turn"));
    expect(saidBy(host.messages)).toEqual([
      { text: "one", attempt: 1 },
      { text: "two", attempt: undefined },
    ]);
  });

  test("[R-13.1] an answer that stops in mid-word is tried again, and fails when it always does", async () => {
    const from = bench.model.requests.length;
    const { host, prompt } = prompting(bench, { clock: quickClock });
    expect(await prompt("#turn 1\nSAY half a wor\nCUT")).toMatchObject(failed("APIError"));
    expect(requestsSince(from)).toHaveLength(5);
    expect(partsOf(host.messages, "retry")).toHaveLength(4);
  });

  test("[R-13.1] a model that says nothing for ten minutes is asked again", async () => {
    const clock = new FakeClock();
    const { host, cancel, prompt } = prompting(bench, { clock });
    const running = prompt("#turn 1\nSAY begun\nHANG");
    await expect.poll(() => host.said.some(({ type }) => type === "text")).toBe(true);
    const retries = () => {
      clock.advance(600_000);
      return partsOf(host.messages, "retry").map(({ error }) => error.data.message);
    };
    await expect.poll(retries).toContain("The model said nothing for 10 minutes");
    cancel.abort();
    expect(await running).toEqual(ended("cancelled"));
  });

  test("[R-3.1] an answer without an end is cut off", async () => {
    const content = "x".repeat(9 * 1024 * 1024);
    const frame = JSON.stringify({ id: "1", choices: [{ index: 0, delta: { role: "assistant", content } }] });
    const endless: typeof fetch = () =>
      Promise.resolve(
        new Response(`data: ${frame}\n\n`, { headers: { "content-type": "text/event-stream" } }),
      );
    const { prompt } = prompting(bench, { fetch: endless });
    expect(await prompt("#turn 1\nSAY x")).toMatchObject(failed("MessageOutputLengthError"));
  });

  test("[R-13.1] a provider that always refuses is asked five times", async () => {
    const from = bench.model.requests.length;
    const { prompt } = prompting(bench);
    expect(await prompt(`#turn 1\nFAIL 503 ${soon}`)).toMatchObject(failed("APIError"));
    expect(requestsSince(from)).toHaveLength(5);
  });

  test("[R-13.1] what will be refused again is asked once", async () => {
    const from = bench.model.requests.length;
    const { prompt } = prompting(bench);
    expect(await prompt("#turn 1\nFAIL 400 no")).toMatchObject(failed("APIError"));
    expect(await prompt("#turn 1\nFAIL 401 no")).toMatchObject(failed("ProviderAuthError"));
    expect(requestsSince(from)).toHaveLength(2);
  });

  test("[D-16] a call whose answer broke off behind it is not run, and ends", async () => {
    const { host, deeds, prompt } = prompting(bench, { clock: quickClock });
    const call = '#turn 1\nPIECES 4\nCALL note {"word":"a"}';
    let isFirst = true;
    const cutting: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      if (!isFirst) return response;
      isFirst = false;
      const text = await response.text();
      return new Response(
        text.slice(0, text.indexOf('tool_calls"}') > 0 ? text.length - 400 : text.length / 2),
        response,
      );
    };
    const cut = prompting(bench, { clock: quickClock, fetch: cutting });
    await cut.prompt(call);
    expect(cut.deeds).toHaveLength(1);
    await prompt(call);
    expect(deeds).toHaveLength(1);
    expect(partsOf(host.messages, "tool").every(({ state }) => state.status === "completed")).toBe(true);
    const [first, ...others] = partsOf(cut.host.messages, "tool");
    expect(first?.state).toMatchObject({ status: "error", metadata: { interrupted: true } });
    expect(others.map(({ state }) => state.status)).toEqual(["completed"]);
  });
});

describe("a cancel", () => {
  test("[R-13.1] in a backoff ends it at once: no clock has to move", async () => {
    const { host, cancel, prompt } = prompting(bench, { clock: new FakeClock() });
    host.onCommit = () => {
      if (host.said.some(({ type }) => type === "retry")) queueMicrotask(() => cancel.abort());
    };
    expect(await prompt('#turn 1\nFAIL 500 {"headers":{"retry-after":"600"}}')).toEqual(ended("cancelled"));
    expect(partsOf(host.messages, "retry")).toHaveLength(1);
  });

  test("[D-16] in an answer keeps what was said, and ends the calls that had begun", async () => {
    const { host, cancel, prompt } = prompting(bench);
    const running = prompt("#turn 1\nSLOW 100000 20");
    await expect.poll(() => host.said.some(({ type }) => type === "text")).toBe(true);
    cancel.abort();
    expect(await running).toEqual(ended("cancelled"));
    expect(saidBy(host.messages)[0]?.text).toMatch(/^w1/);
  });

  test("[D-16] before anything leaves no step", async () => {
    const { host, cancel, prompt } = prompting(bench);
    cancel.abort();
    expect(await prompt("#turn 1\nSAY x")).toEqual(ended("cancelled"));
    expect(host.messages).toHaveLength(1);
  });

  const stuck = (settles: boolean) => {
    const clock = new FakeClock();
    const run = prompting(bench, {
      clock,
      tools: () => [
        testTool("stuck", z.object({}), (_input, context) => {
          context.tell({ output: "so far" });
          return new Promise((resolve) => {
            context.signal.addEventListener("abort", () => {
              if (settles) resolve({ title: "stopped", output: "so far, and stopped" });
            });
          });
        }),
      ],
    });
    return { ...run, clock };
  };

  test("[D-16] leaves a tool 250 ms, then its call is aborted with what it had told", async () => {
    const { host, cancel, clock, prompt } = stuck(false);
    const running = prompt("#turn 1\nCALL stuck {}");
    await expect
      .poll(() => host.said.some((event) => event.type === "tool" && event.update.output === "so far"))
      .toBe(true);
    cancel.abort();
    await Promise.resolve();
    clock.advance(249);
    expect(host.said.some((event) => event.type === "tool" && event.update.status === "error")).toBe(false);
    clock.advance(1);
    expect(await running).toEqual(ended("cancelled"));
    expect(partsOf(host.messages, "tool")[0]?.state).toMatchObject({
      status: "error",
      error: "Tool execution aborted",
      metadata: { interrupted: true, output: "so far" },
    });
  });

  test("[D-16] takes the result of a tool that settles by itself", async () => {
    const { host, cancel, prompt } = stuck(true);
    const running = prompt("#turn 1\nCALL stuck {}");
    await expect
      .poll(() => host.said.some((event) => event.type === "tool" && event.update.output === "so far"))
      .toBe(true);
    cancel.abort();
    expect(await running).toEqual(ended("cancelled"));
    expect(partsOf(host.messages, "tool")[0]?.state).toMatchObject({
      status: "completed",
      output: "so far, and stopped",
    });
  });

  test("[A-15] withdraws what is asked", async () => {
    let asked: () => void = () => undefined;
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    const { host, cancel, deeds, prompt } = prompting(bench, {
      permission: () => {
        asked();
        return new Promise(() => undefined);
      },
      tools: (done) => [
        testTool("act", z.object({}), async (input, context) => {
          await context.permit({ title: "Act", kind: "execute", patterns: ["*"] });
          done.push({ tool: "act", input });
          return { title: "t", output: "o" };
        }),
      ],
    });
    const running = prompt("#turn 1\nCALL act {}");
    await isAsked;
    cancel.abort();
    expect(await running).toEqual(ended("cancelled"));
    expect(deeds).toEqual([]);
    expect(partsOf(host.messages, "tool")[0]?.state).toMatchObject({
      status: "error",
      metadata: { interrupted: true },
    });
  });

  test("[R-9.5] reaches a subagent, whose calls and session end", async () => {
    const { host, cancel, prompt } = prompting(bench, {
      tools: () => [
        testTool("task", z.object({}), async (_input, context) => {
          const task = { agent: "explore", description: "look", prompt: "#turn 1\nSLOW 100000 20" };
          return { title: "t", output: (await context.task(task)).text };
        }),
      ],
    });
    const running = prompt("#turn 1\nCALL task {}");
    const isSaid = () =>
      [...host.children.values()].some(({ rows }) => partsOf(rows.messages, "text").length > 1);
    await expect
      .poll(() => isSaid() || host.said.filter(({ type }) => type === "child").length > 5)
      .toBe(true);
    cancel.abort();
    expect(await running).toEqual(ended("cancelled"));
    expect([...host.children.values()][0]?.events.at(-1)).toMatchObject({
      type: "ended",
      finish: "cancelled",
    });
    expect(partsOf(host.messages, "tool")[0]?.state).toMatchObject({
      status: "error",
      metadata: { interrupted: true, sessionId: [...host.children.keys()][0], agent: "explore" },
    });
  });
});

/** Refuses the first requests as too long. */
const overflowing = (times: number, after = 0): typeof fetch => {
  let number = 0;
  return async (input, init) => {
    number += 1;
    if (number <= after || number > after + times) return fetch(input, init);
    const body = JSON.stringify({
      error: { message: "prompt is too long", code: "context_length_exceeded" },
    });
    return new Response(body, { status: 400, headers: { "content-type": "application/json" } });
  };
};

describe("a full context", () => {
  test("[R-14.1] is compacted when the provider says so, and what was asked is asked again", async () => {
    const from = bench.model.requests.length;
    const { host, deeds, prompt } = prompting(bench, { fetch: overflowing(1, 2) });
    await prompt('#turn 1\nCALL note {"word":"a"}\nSAY first');
    expect(await prompt("#turn 2\nSAY second")).toEqual(ended("end_turn"));
    expect(summaries(host.messages)).toHaveLength(1);
    expect(partsOf(host.messages, "compaction")).toMatchObject([{ auto: true, overflow: true }]);
    expect(saidBy(host.messages).at(-1)?.text).toBe("second");
    expect(deeds).toHaveLength(1);
    const last = requestsSince(from).at(-1);
    expect(last?.conversation.messages.map(({ text }) => text).join("\n")).not.toContain("#turn 1");
  });

  test("[R-14.1] a provider that always overflows ends it after at most three compactions", async () => {
    const { host, prompt } = prompting(bench, { fetch: overflowing(1_000) });
    await prompt("#turn 1\nSAY never");
    expect(await prompt("#turn 2\nSAY never")).toMatchObject(failed("ContextOverflowError"));
    expect(summaries(host.messages).length).toBeLessThanOrEqual(3);
  });

  test("[R-14.1] with compaction off, an overflow fails", async () => {
    const { host, prompt } = prompting(bench, {
      fetch: overflowing(1),
      place: { compaction: { auto: false, prune: false } },
    });
    expect(await prompt("#turn 1\nSAY never")).toMatchObject(failed("ContextOverflowError"));
    expect(summaries(host.messages)).toHaveLength(0);
  });

  const full = 'USAGE {"input":39000,"output":100}';
  test("[R-14.1] is compacted before the next step when the last one left no room", async () => {
    const { host, deeds, prompt } = prompting(bench, { facts: { context: 40_000, output: 32_000 } });
    expect(await prompt(`#turn 1\n${full}\nCALL note {"word":"a"}\nSAY done`)).toEqual(ended("end_turn"));
    expect(partsOf(host.messages, "compaction")).toMatchObject([{ auto: true, overflow: false }]);
    expect(host.said.filter(({ type }) => type === "compaction")).toMatchObject([
      { isDone: false },
      { isDone: true },
    ]);
    expect(deeds).toHaveLength(1);
  });

  test("[R-14.1] of 40,000 tokens with answers of 32,000 is no endless compaction", async () => {
    const calls = Array.from({ length: 8 }, (_, index) => `${full}\nCALL note {"word":"${index}"}`).join(
      "\n",
    );
    const { host, prompt } = prompting(bench, {
      facts: { context: 40_000, output: 32_000 },
      place: { maxSteps: 8 },
    });
    expect(await prompt(`#turn 1\n${calls}\n${full}\nSAY done`)).toMatchObject({ outcome: "ended" });
    expect(summaries(host.messages).length).toBeLessThanOrEqual(3);
  });

  test("[R-14.1] is not gone on with where a hook says no", async () => {
    const hooks: Hooks = {
      has: (name) => name === "experimental.compaction.autocontinue",
      run: (name, _input, output) => {
        if (name === "experimental.compaction.autocontinue") Object.assign(output, { enabled: false });
        return Promise.resolve(output);
      },
    };
    const { prompt } = prompting(bench, { facts: { context: 40_000, output: 32_000 }, room: { hooks } });
    const from = bench.model.requests.length;
    expect(await prompt(`#turn 1\n${full}\nCALL note {"word":"a"}\nSAY done`)).toEqual(ended("end_turn"));
    expect(requestsSince(from)).toHaveLength(2);
  });

  test("[R-14.9] outputs of old calls are cleared behind the work", async () => {
    const { host, prompt } = prompting(bench, {
      place: { compaction: { auto: true, prune: true }, toolOutput: { maxLines: 10, maxBytes: 1_000_000 } },
      tools: () => [
        testTool("long", z.object({}), () => Promise.resolve({ title: "t", output: "x".repeat(170_000) })),
      ],
    });
    await prompt("#turn 1\nCALL long {}\nALSO long {}\nSAY done");
    await prompt("#turn 2\nSAY done");
    await prompt("#turn 3\nSAY done");
    expect(host.said.filter(({ type }) => type === "outputCleared")).toHaveLength(2);
  });
});
