/** Tokens and cost are the model's own account, to the token, also where a cache is read and written. */
import { costOf } from "@holdfast/protocol";
import type { ModelMessage } from "ai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ScriptedModel, startModel } from "../../../../test/model/index.ts";
import { accessTo, ask, type Kind, KINDS } from "./ask.ts";

const price = { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 };

let model: ScriptedModel;
beforeAll(async () => {
  model = await startModel({ details: true });
});
afterAll(() => model.close());

/** The last answer as the model counts it, in our words. */
function account() {
  const usage = model.requests.at(-1)?.usage ?? { input: 0, output: 0 };
  const { input, output, cacheRead: read = 0, cacheWrite: write = 0, reasoning = 0 } = usage;
  return {
    total: input + output,
    input: input - read - write,
    output: output - reasoning,
    reasoning,
    cache: { read, write },
  };
}

describe.each(KINDS)("%s", (kind: Kind) => {
  test("[A-21] what an answer is said to have used is what is counted, and what it cost", async () => {
    const writes = kind === "anthropic" || kind === "openai" ? { cacheWrite: 2_111 } : {};
    const usage = { input: 10_007, output: 523, cacheRead: 4_099, reasoning: 97, ...writes };
    const asked = await ask(accessTo(model.url, kind, { price }), `SAY x\nUSAGE ${JSON.stringify(usage)}`);
    expect(asked.used.tokens).toEqual(account());
    expect(asked.used.tokens?.cache).toEqual({ read: 4_099, write: writes.cacheWrite ?? 0 });
    expect(asked.used.cost).toBe(costOf(account(), price));
  });

  test("the next step of a turn reads from the cache what the step before it sent", async () => {
    const access = accessTo(model.url, kind, { price });
    const system = `Asked by ${kind}.`;
    const first: ModelMessage[] = [
      { role: "user", content: 'SAY here\nCALL bash {"command":"ls"}\nCALL bash {"command":"pwd"}\nSAY end' },
    ];
    await ask(access, first, { system });
    const sent = account();
    const second: ModelMessage[] = [...first, ...callAndResult("call_1", "ls", "a.txt")];
    const next = await ask(access, second, { system });
    expect(next.used.tokens).toEqual(account());
    expect(next.used.tokens?.cache?.read).toBe(sent.input + sent.cache.read + sent.cache.write);
    const third = await ask(access, [...second, ...callAndResult("call_2", "pwd", "/tmp")], { system });
    expect(third.used.tokens?.cache?.read).toBe(account().cache.read);
    expect(third.used.tokens?.cache?.read).toBeGreaterThan(next.used.tokens?.cache?.read ?? 0);
  });

  test("without a price there is no cost, and with no account there are no tokens", async () => {
    expect((await ask(accessTo(model.url, kind), "SAY x")).used).not.toHaveProperty("cost");
    expect((await ask(accessTo(model.url, kind, { price }), "SAY x\nCUT")).used).toEqual({});
  });
});

function callAndResult(toolCallId: string, command: string, value: string): ModelMessage[] {
  return [
    {
      role: "assistant",
      content: [{ type: "tool-call", toolCallId, toolName: "bash", input: { command } }],
    },
    {
      role: "tool",
      content: [{ type: "tool-result", toolCallId, toolName: "bash", output: { type: "text", value } }],
    },
  ];
}
