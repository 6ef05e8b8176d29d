import { describe, expect, test } from "vitest";
import { costOf, normalizeUsage } from "./normalize-usage.ts";

describe("[R-17.21] usage as stored (session-model 1.5)", () => {
  test("input excludes the cache, output excludes the reasoning", () => {
    const { tokens } = normalizeUsage({
      inputTokens: 1_000,
      outputTokens: 300,
      totalTokens: 1_300,
      inputTokenDetails: { cacheReadTokens: 400, cacheWriteTokens: 100 },
      outputTokenDetails: { reasoningTokens: 50 },
    });
    expect(tokens).toEqual({
      total: 1_300,
      input: 500,
      output: 250,
      reasoning: 50,
      cache: { read: 400, write: 100 },
    });
  });

  test("nothing goes below zero", () => {
    expect(
      normalizeUsage({ inputTokens: 5, cachedInputTokens: 9, outputTokens: 1, reasoningTokens: 4 }).tokens,
    ).toEqual({
      total: 13,
      input: 0,
      output: 0,
      reasoning: 4,
      cache: { read: 9, write: 0 },
    });
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -4, undefined])("a count of %s is 0", (bad) => {
    const { tokens } = normalizeUsage({
      inputTokens: bad,
      outputTokens: bad,
      totalTokens: bad,
      reasoningTokens: bad,
    });
    expect(tokens).toEqual({ total: 0, input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } });
  });

  test.each([
    [{ anthropic: { cacheCreationInputTokens: 3 } }, 3],
    [{ vertex: { cacheCreationInputTokens: 4 } }, 4],
    [{ bedrock: { usage: { cacheWriteInputTokens: 5 } } }, 5],
    [{ venice: { usage: { cacheCreationInputTokens: 6 } } }, 6],
    [{ anthropic: { cacheCreationInputTokens: 3 }, venice: { usage: { cacheCreationInputTokens: 6 } } }, 3],
    [{ other: 1 }, 0],
  ])("cache writes are found in %j", (providerMetadata, write) => {
    const { tokens } = normalizeUsage({ inputTokens: 10 }, { providerMetadata });
    expect(tokens.cache.write).toBe(write);
    expect(tokens.input).toBe(10 - write);
  });
});

describe("[R-17.21] cost in decimal arithmetic", () => {
  const price = { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 };

  test("each kind has its price, reasoning costs what output costs", () => {
    expect(
      costOf(
        { input: 1_000_000, output: 100_000, reasoning: 100_000, cache: { read: 10, write: 10 } },
        price,
      ),
    ).toBe(6.0000405);
  });

  test("no float noise: 0.1 + 0.2 dollars are 0.3", () => {
    expect(costOf({ input: 1_000_000, output: 1_000_000 }, { input: 0.1, output: 0.2 })).toBe(0.3);
  });

  test("the largest exceeded tier holds, else the price above 200,000", () => {
    const tiers = [
      { size: 100_000, input: 10, output: 0 },
      { size: 500_000, input: 20, output: 0 },
    ];
    const over200k = { input: 5, output: 0 };
    const dollars = (input: number, more: object) =>
      costOf({ input }, { ...price, ...more }) * (1_000_000 / input);
    expect(dollars(100_000, { tiers })).toBe(3);
    expect(dollars(200_000, { tiers, over200k })).toBe(10);
    expect(dollars(1_000_000, { tiers, over200k })).toBe(20);
    expect(dollars(200_000, { over200k })).toBe(3);
    expect(dollars(250_000, { over200k })).toBe(5);
  });

  test("cache counts towards the size of the context", () => {
    const cost = costOf(
      { input: 1, cache: { read: 200_000, write: 0 } },
      { input: 1, output: 1, over200k: { input: 9, output: 9 } },
    );
    expect(cost).toBe(0.000009);
  });
});
