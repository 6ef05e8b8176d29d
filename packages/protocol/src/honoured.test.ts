import { describe, expect, test } from "vitest";
import { FEATURES, type Features } from "./agent.ts";
import { findModel, MAX_LISTED, unhonoured } from "./honoured.ts";

const features = (more: Partial<Features> = {}): Features => ({
  ...(Object.fromEntries(FEATURES.map((name) => [name, "unknown"])) as Features),
  ...more,
});
const models = [
  { id: "maker/big", name: "Big" },
  { id: "small", name: "small one" },
];
const helper = { type: "agent", name: "helper" } as const;
const big = { modelId: "big", providerId: "maker" };

describe("[A-7] what an agent cannot honour", () => {
  test.each([
    ["nothing is asked", {}, { isOpen: true }, undefined],
    [
      "an empty choice of tools",
      { tools: {} },
      { isOpen: true, features: features({ tools: "no" }) },
      undefined,
    ],
    [
      "tools that it lets nobody choose",
      { tools: { a: true } },
      { features: features({ tools: "no" }) },
      "tools",
    ],
    ["tools, before anybody knows", { tools: { a: true } }, {}, undefined],
    ["tools, and open it does not say that it can", { tools: { a: true } }, { isOpen: true }, "tools"],
    [
      "tools that can be chosen",
      { tools: { a: false } },
      { isOpen: true, features: features({ tools: "yes" }) },
      undefined,
    ],
    [
      "a variant where there are none",
      { model: { ...big, variant: "v" } },
      { models, features: features({ variant: "no" }) },
      "model.variant",
    ],
    ["a model of its list", { model: big }, { models, isOpen: true }, undefined],
    ["a model that is not in its list", { model: { modelId: "huge" } }, { models }, "model"],
    [
      "the same with the provider of another",
      { model: { modelId: "small", providerId: "x" } },
      { models },
      undefined,
    ],
    ["any model before the list is known", { model: { modelId: "huge" } }, {}, undefined],
    ["any model of an open agent without a list", { model: { modelId: "huge" } }, { isOpen: true }, "model"],
    [
      "a model that a cut list may lack",
      { model: { modelId: "huge" } },
      { models: Array.from({ length: MAX_LISTED }, () => ({ id: "m", name: "m" })) },
      undefined,
    ],
    [
      "an agent below it, where there are none",
      { parts: [{ type: "text", text: "x" }, helper] },
      { features: features({ subagents: "no" }) },
      "parts",
    ],
    ["an agent below it, before anybody knows", { parts: [helper] }, {}, undefined],
    [
      "an agent below it, and open it does not say that it has any",
      { parts: [helper] },
      { isOpen: true },
      "parts",
    ],
    [
      "an agent below it that it has",
      { parts: [helper] },
      { isOpen: true, features: features({ subagents: "yes" }), subagents: [{ name: "helper" }] },
      undefined,
    ],
    [
      "an agent below it that it does not have",
      { parts: [helper] },
      { features: features({ subagents: "yes" }), subagents: [{ name: "other" }] },
      "parts",
    ],
  ] as const)("[A-7] %s", (_name, asked, known, field) => {
    const refused = unhonoured("qwen", asked, { features: features(), isOpen: false, ...known });
    expect(refused?.field).toBe(field);
    if (field !== undefined) expect(refused?.message).toMatch(new RegExp(`^${field}: qwen `));
  });

  test("[A-7] a model goes by its id or name, with or without its provider; a refusal names some of what there is", () => {
    expect(findModel(models, { modelId: "maker/big" })).toBe(models[0]);
    expect(findModel(models, { modelId: "Big" })).toBe(models[0]);
    expect(findModel(models, { modelId: "big" })).toBeUndefined();
    const many = Array.from({ length: 12 }, (_, index) => ({ id: `m${index}`, name: `m${index}` }));
    const facts = { features: features(), models: many, isOpen: true };
    expect(unhonoured("qwen", { model: { modelId: "x" } }, facts)?.message).toMatch(/m0, .* and 2 more\.$/);
  });
});
