import type { Message } from "@holdfast/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import {
  type Bench,
  ended,
  noteTool,
  openBench,
  partsOf,
  prompting,
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
const requestsSince = (from: number) => bench.model.requests.slice(from);

test("[R-11.1] of many calls of one step only some run at the same time, and each to its end", async () => {
  const running = { now: 0, most: 0, all: 0 };
  const { host, prompt } = prompting(bench, {
    tools: () => [
      testTool("note", z.object({ n: z.number() }), async () => {
        running.most = Math.max(running.most, (running.now += 1));
        running.all += 1;
        for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve));
        running.now -= 1;
        return { title: "t", output: "o" };
      }),
    ],
  });
  const calls = Array.from({ length: 20 }, (_, n) => `${n === 0 ? "CALL" : "ALSO"} note {"n":${n}}`);
  expect(await prompt(`#turn 1\n${calls.join("\n")}\nSAY done`)).toEqual(ended("end_turn"));
  expect(running).toEqual({ now: 0, most: 8, all: 20 });
  expect(partsOf(host.messages, "tool").map(({ state }) => state.status)).toEqual(
    Array.from({ length: 20 }, () => "completed"),
  );
});

test("[A-15] a cancel does not begin what waits for its turn", async () => {
  let begun = 0;
  const { host, cancel, prompt } = prompting(bench, {
    tools: () => [
      testTool("note", z.object({ n: z.number() }), () => {
        begun += 1;
        cancel.abort();
        return Promise.resolve({ title: "t", output: "o" });
      }),
    ],
  });
  const calls = Array.from({ length: 20 }, (_, n) => `${n === 0 ? "CALL" : "ALSO"} note {"n":${n}}`);
  expect(await prompt(`#turn 1\n${calls.join("\n")}`)).toEqual(ended("cancelled"));
  expect(begun).toBeLessThanOrEqual(8);
  expect(partsOf(host.messages, "tool").filter(({ state }) => state.status === "error")).toHaveLength(
    20 - begun,
  );
});

describe("words of a person meanwhile", () => {
  test("[A-28] go in at the edge of a step, and are answered", async () => {
    const offered: Promise<unknown>[] = [];
    const { host, steers, prompt } = prompting(bench, {
      tools: () => [
        testTool("note", z.object({}), () => {
          offered.push(steers.offer(host.steer("#turn 2\nSAY steered")));
          return Promise.resolve({ title: "t", output: "o" });
        }),
      ],
    });
    expect(await prompt("#turn 1\nCALL note {}\nSAY done")).toEqual(ended("end_turn"));
    expect(await Promise.all(offered)).toEqual([{ outcome: "injected" }]);
    expect(saidBy(host.messages).at(-1)?.text).toBe("steered");
    const users = host.messages.filter(({ info }) => info.role === "user").map(({ info }) => info.id);
    expect(host.messages.at(-1)?.info).toMatchObject({ parentId: users[1] });
  });

  test("[A-28] keep a prompt going that would have ended", async () => {
    const { host, steers, prompt } = prompting(bench);
    const running = prompt("#turn 1\nSLOW 20 10");
    await expect.poll(() => host.said.some(({ type }) => type === "text")).toBe(true);
    const offered = steers.offer(host.steer("#turn 2\nSAY steered"));
    expect(await running).toEqual(ended("end_turn"));
    expect(await offered).toEqual({ outcome: "injected" });
    expect(saidBy(host.messages).at(-1)?.text).toBe("steered");
  });

  test("[A-28] miss a prompt that is over", async () => {
    const { steers } = prompting(bench);
    const waiting = steers.offer("msg_1");
    steers.close();
    expect([await waiting, await steers.offer("msg_2")]).toEqual([
      { outcome: "missed" },
      { outcome: "missed" },
    ]);
  });
});

describe("hooks", () => {
  const hooked = (changes: Partial<Record<string, object>>): Hooks => ({
    has: (name) => name in changes,
    run: (name, _input, output) => Promise.resolve(Object.assign(output, changes[name])),
  });

  test("[A-26] a text that has ended is what the hook makes of it, also for the next step", async () => {
    const from = bench.model.requests.length;
    const { host, prompt } = prompting(bench, {
      room: { hooks: hooked({ "experimental.text.complete": { text: "changed" } }) },
    });
    await prompt('#turn 1\nSAY said\nCALL note {"word":"a"}\nSAY done');
    expect(saidBy(host.messages).map(({ text }) => text)).toEqual(["changed", "changed"]);
    expect(JSON.stringify(requestsSince(from).at(-1)?.body)).toContain("changed");
  });

  test("[A-26] what a hook makes of a call is stored and run, and what it makes of a result is stored", async () => {
    const hooks = hooked({
      "tool.execute.before": { args: { word: "b" } },
      "tool.execute.after": { output: "hooked" },
    });
    const { host, deeds, prompt } = prompting(bench, { room: { hooks } });
    await prompt('#turn 1\nCALL note {"word":"a"}\nSAY done');
    expect(deeds).toMatchObject([{ input: { word: "b" } }]);
    expect(partsOf(host.messages, "tool")[0]?.state).toMatchObject({
      input: { word: "b" },
      output: "hooked",
    });
  });

  test("[D-16] a hook that throws behind a call stops the others, and waits for their ends", async () => {
    const hooks: Hooks = {
      has: (name) => name === "tool.execute.after",
      run: (name, _input, output) =>
        name === "tool.execute.after"
          ? Promise.reject(Object.assign(new Error("The hook x failed"), { name: "HookError" }))
          : Promise.resolve(output),
    };
    const { host, prompt } = prompting(bench, {
      room: { hooks },
      tools: (deeds) => [
        noteTool(deeds),
        testTool("wait", z.object({}), (_input, { signal }) => {
          return new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(new Error("stopped")));
          });
        }),
      ],
    });
    await expect(prompt('#turn 1\nCALL note {"word":"a"}\nALSO wait {}')).rejects.toThrow(
      "The hook x failed",
    );
    expect(host.said.findLast((event) => event.type === "tool")).toMatchObject({
      update: { status: "error", error: "Tool execution aborted" },
    });
  });

  test("[A-26] a hook that throws ends the prompt, and names itself", async () => {
    const hooks: Hooks = {
      has: (name) => name === "tool.execute.before",
      run: (name, _input, output) =>
        name === "tool.execute.before"
          ? Promise.reject(Object.assign(new Error("The hook x failed"), { name: "HookError" }))
          : Promise.resolve(output),
    };
    const { deeds, prompt } = prompting(bench, { room: { hooks } });
    await expect(prompt('#turn 1\nCALL note {"word":"a"}')).rejects.toThrow("The hook x failed");
    expect(deeds).toEqual([]);
  });
});
