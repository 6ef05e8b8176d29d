/** What a model call used, as we store it (session-model 1.5). Pure; shapes of the AI SDK are read by name. */
import type { Tokens } from "./usage.ts";

/** Usage as the AI SDK reports it: `inputTokens` includes the cache, `outputTokens` includes the reasoning. */
export type ReportedUsage = {
  inputTokens?: number | undefined;
  outputTokens?: number | undefined;
  totalTokens?: number | undefined;
  reasoningTokens?: number | undefined;
  cachedInputTokens?: number | undefined;
  inputTokenDetails?: {
    cacheReadTokens?: number | undefined;
    cacheWriteTokens?: number | undefined;
  };
  outputTokenDetails?: { reasoningTokens?: number | undefined };
};

/** Dollars per million tokens. */
type Rates = { input: number; output: number; cacheRead?: number; cacheWrite?: number };

/** Prices of a model; a tier holds once the context is larger than its `size` in tokens. */
export type Price = Rates & { tiers?: (Rates & { size: number })[]; over200k?: Rates };

/** Tokens of one call with every count known. */
export type CountedTokens = { [K in keyof Tokens]-?: NonNullable<Tokens[K]> };

/** Above so many tokens of context the `over200k` price holds. */
const LARGE_CONTEXT = 200_000;

/** Tokens with every count present, and the cost in dollars when there is a price. */
export function normalizeUsage(
  usage: ReportedUsage,
  options: {
    providerMetadata?: Readonly<Record<string, unknown>> | undefined;
    price?: Price | undefined;
  } = {},
): { tokens: CountedTokens; cost?: number } {
  const reasoning = count(usage.outputTokenDetails?.reasoningTokens ?? usage.reasoningTokens);
  const read = count(usage.inputTokenDetails?.cacheReadTokens ?? usage.cachedInputTokens);
  const write = count(usage.inputTokenDetails?.cacheWriteTokens ?? cacheWriteOf(options.providerMetadata));
  const input = count(count(usage.inputTokens) - read - write);
  const output = count(count(usage.outputTokens) - reasoning);
  const parts = input + output + reasoning + read + write;
  const tokens = {
    total: usage.totalTokens === undefined ? parts : count(usage.totalTokens),
    input,
    output,
    reasoning,
    cache: { read, write },
  };
  return options.price === undefined ? { tokens } : { tokens, cost: costOf(tokens, options.price) };
}

/** Dollars for these tokens, in decimal arithmetic; reasoning costs what output costs. */
export function costOf(tokens: Tokens, price: Price): number {
  const cache = tokens.cache ?? { read: 0, write: 0 };
  const rates = ratesFor(price, count(tokens.input) + count(cache.read) + count(cache.write));
  const sum =
    units(tokens.input, rates.input) +
    units(tokens.output, rates.output) +
    units(tokens.reasoning, rates.output) +
    units(cache.read, rates.cacheRead) +
    units(cache.write, rates.cacheWrite);
  return Number(`${sum}e-${SCALE + 6}`);
}

function ratesFor(price: Price, contextTokens: number): Rates {
  const tier = (price.tiers ?? [])
    .filter((tier) => contextTokens > tier.size)
    .toSorted((a, b) => b.size - a.size)[0];
  if (tier !== undefined) return tier;
  return price.over200k !== undefined && contextTokens > LARGE_CONTEXT ? price.over200k : price;
}

/** Digits after the point that a price is kept with. */
const SCALE = 12;

function units(tokens: number | undefined, rate: number | undefined): bigint {
  if (rate === undefined || !Number.isFinite(rate) || rate <= 0) return 0n;
  return BigInt(count(tokens)) * BigInt(rate.toFixed(SCALE).replace(".", ""));
}

/** Where providers report what they wrote to their cache, in the order they are asked. */
function cacheWriteOf(metadata: Readonly<Record<string, unknown>> | undefined): number | undefined {
  const places = [
    ["anthropic", "cacheCreationInputTokens"],
    ["vertex", "cacheCreationInputTokens"],
    ["bedrock", "usage", "cacheWriteInputTokens"],
    ["venice", "usage", "cacheCreationInputTokens"],
  ];
  return places.map((path) => at(metadata, path)).find((value) => value !== undefined);
}

function at(value: unknown, path: readonly string[]): number | undefined {
  const found = path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>)[key] : undefined,
    value,
  );
  return typeof found === "number" ? found : undefined;
}

/** A count as stored: not finite and negative become 0, fractions are cut. */
function count(value: number | undefined): number {
  return value === undefined || !Number.isFinite(value) || value < 0
    ? 0
    : Math.min(Math.trunc(value), Number.MAX_SAFE_INTEGER);
}
