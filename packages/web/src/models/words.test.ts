import type { ListedModel } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { chosenName, findListed, priceWords, tokensWords } from "./words.ts";

const model = (id: string, more: Partial<ListedModel> = {}): ListedModel => ({
  id,
  providerId: id.slice(0, id.indexOf("/")),
  modelId: id.slice(id.indexOf("/") + 1),
  name: id.toUpperCase(),
  variants: [],
  isDefault: false,
  ...more,
});
const MODELS = [model("one/m"), model("two/org/m", { isDefault: true }), model("two/m")];

test.each([
  [999, "999"],
  [8_000, "8K"],
  [131_072, "131K"],
  [999_499, "999K"],
  [999_500, "1M"],
  [1_048_576, "1.05M"],
  [1_000_000, "1M"],
])("[A-26] %d tokens are said as %s", (count, words) => {
  expect(tokensWords(count)).toBe(words);
});

test("[A-26] a price is said per million, and one that is not known is not", () => {
  expect(priceWords({ price: { input: 0.25, output: 2 } })).toBe("$0.25 in, $2 out per million");
  expect(priceWords({ price: { input: 0, output: 0 } })).toBe("$0 in, $0 out per million");
  expect(priceWords({})).toBeUndefined();
});

describe("[A-26] the model that is meant", () => {
  test.each([
    [{ providerId: "two", modelId: "m" }, "two/m"],
    [{ providerId: "two", modelId: "org/m" }, "two/org/m"],
    [{ modelId: "m" }, "one/m"],
    [{ modelId: "two/org/m" }, "two/org/m"],
    [{ providerId: "one", modelId: "org/m" }, undefined],
  ])("%j", (asked, id) => {
    expect(findListed(MODELS, asked)?.id).toBe(id);
  });

  test("[A-26] is named: the chosen one, one that is gone by its id, and without one what turns get", () => {
    expect(chosenName(MODELS, { providerId: "one", modelId: "m" })).toBe("ONE/M");
    expect(chosenName(MODELS, { providerId: "one", modelId: "m", variant: "high" })).toBe("ONE/M, high");
    expect(chosenName(MODELS, { providerId: "gone", modelId: "x" })).toBe("x");
    expect(chosenName(MODELS, undefined)).toBe("TWO/ORG/M");
    expect(chosenName([], undefined)).toBe("Model");
  });
});
