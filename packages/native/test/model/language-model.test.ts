import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ScriptedModel, startModel } from "../../../../test/model/index.ts";
import { MODEL_TABLE } from "../../src/model-table.ts";
import { languageModel, withCacheMarks } from "../../src/model/index.ts";
import { accessTo, ask, bodyOf, type Kind, KINDS, MODELS } from "./ask.ts";

let model: ScriptedModel;
beforeAll(async () => {
  model = await startModel();
});
afterAll(() => model.close());

test.each(KINDS)(
  "%s: a variant of the table reaches the provider, and one that is not there is left away",
  async (kind) => {
    const facts = {
      variants: { high: kind === "openai-compatible" ? { reasoningEffort: "high" } : variantOf(kind) },
    };
    const access = accessTo(model.url, kind, facts);
    await ask(access, "SAY x", { variant: "high" });
    expect(JSON.stringify(bodyOf(model))).toMatch(/"(?:effort|reasoning_effort|thinkingLevel)":"high"/);
    await ask(access, "SAY x", { variant: "unheard of" });
    expect(JSON.stringify(bodyOf(model))).not.toMatch(/"(?:effort|reasoning_effort|thinkingLevel)":"high"/);
  },
);

function variantOf(kind: Exclude<Kind, "openai-compatible">): Record<string, unknown> {
  return MODEL_TABLE[kind][MODELS[kind]]?.variants?.["high"] ?? {};
}

test("OpenAI keeps no answer, gives its reasoning sealed, and finds the session's cache", async () => {
  const access = accessTo(model.url, "openai");
  const { providerOptions } = languageModel(access, { modelId: "gpt-5" }, { cacheKey: "ses_1" });
  expect(providerOptions).toEqual({ openai: { store: false, promptCacheKey: "ses_1" } });
  await ask(access, "SAY x");
  expect(bodyOf(model)).toMatchObject({ store: false, include: ["reasoning.encrypted_content"] });
});

test("what is asked for is a quarter of a small context at most, and never more than an answer needs", () => {
  const reached = (context: number | undefined, output: number) => {
    const facts = { output, ...(context === undefined ? {} : { context }) };
    return languageModel(accessTo(model.url, "anthropic", facts), { modelId: MODELS.anthropic });
  };
  expect(reached(40_000, 32_000).maxOutputTokens).toBe(10_000);
  expect(reached(1_000_000, 128_000).maxOutputTokens).toBe(32_000);
  expect(reached(undefined, 8_192).maxOutputTokens).toBe(8_192);
  const unknown = { modelId: "claude-later" };
  expect(languageModel(accessTo(model.url, "anthropic"), unknown).maxOutputTokens).toBe(32_000);
});

test("a model that nobody knows works, with no limits and no price", async () => {
  const access = accessTo(model.url, "openai-compatible");
  expect(languageModel(access, { modelId: "llama" })).toMatchObject({ facts: {}, providerOptions: {} });
  expect((await ask(access, "SAY here")).finish).toBe("stop");
  expect(bodyOf(model)).not.toHaveProperty("max_tokens");
});

describe("marks of the prompt cache", () => {
  const user = (content: string) => ({ role: "user" as const, content });
  const assistant = (content: string) => ({ role: "assistant" as const, content });
  const marked = (messages: Parameters<typeof withCacheMarks>[0], kind: Kind = "anthropic") =>
    withCacheMarks(messages, kind).flatMap((message, at) =>
      message.providerOptions?.["anthropic"]?.["cacheControl"] === undefined ? [] : [at],
    );

  test("stand at the end, and where the request before ended", () => {
    expect(marked([user("a")])).toEqual([0]);
    expect(marked([user("a"), assistant("b"), user("c")])).toEqual([0, 2]);
    expect(marked([user("a"), assistant("b"), user("c"), user("d"), assistant("e"), user("f")])).toEqual([
      3, 5,
    ]);
    expect(marked([user("a"), assistant("b"), user("c"), assistant("prefilled")])).toEqual([2]);
    expect(marked([])).toEqual([]);
    expect(marked([user("a"), assistant("b"), user("c")], "openai")).toEqual([]);
  });

  test("change nothing of what was given, and keep its other options", () => {
    const given = [{ ...user("a"), providerOptions: { anthropic: { other: 1 }, custom: { x: 1 } } }];
    const before = structuredClone(given);
    expect(withCacheMarks(given, "anthropic")[0]?.providerOptions).toEqual({
      anthropic: { other: 1, cacheControl: { type: "ephemeral" } },
      custom: { x: 1 },
    });
    expect(given).toEqual(before);
  });
});

test("the table of models is sound: limits fit, nothing costs less than its cache", () => {
  for (const facts of Object.values(MODEL_TABLE).flatMap((models) => Object.values(models))) {
    const { name = "", context = 0, input = context, output = 0, price } = facts;
    expect(name).not.toBe("");
    expect(context).toBeGreaterThan(output);
    expect(context).toBeGreaterThanOrEqual(input);
    if (price !== undefined) expect(price.input).toBeGreaterThan(price.cacheRead ?? 0);
  }
});
