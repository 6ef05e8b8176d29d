import { expect, test } from "vitest";
import type { ProviderAccess } from "../wire.ts";
import { chooseModel } from "./choose-model.ts";

const provider = (id: string, ...models: string[]): ProviderAccess => ({
  id,
  kind: "openai-compatible",
  baseUrl: "http://127.0.0.1:1/v1",
  models: Object.fromEntries(models.map((model) => [model, {}])),
});
const providers = [provider("none"), provider("one", "a", "b"), provider("two", "c")];

test.each([
  ["the first one that is known, where none is asked for", undefined, { providerId: "one", modelId: "a" }],
  ["one of a provider that knows it", { modelId: "c" }, { providerId: "two", modelId: "c" }],
  ["one that nobody knows, of the first provider", { modelId: "x" }, { providerId: "none", modelId: "x" }],
  [
    "one that its provider does not know",
    { providerId: "two", modelId: "x" },
    { providerId: "two", modelId: "x" },
  ],
  ["its variant", { modelId: "b", variant: "high" }, { providerId: "one", modelId: "b", variant: "high" }],
  ["none of a provider that there is not", { providerId: "three", modelId: "a" }, undefined],
])("[A-26] a model: %s", (_name, wanted, expected) => {
  expect(chooseModel(providers, wanted, "s")?.model).toEqual(expected);
});
