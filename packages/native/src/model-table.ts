/**
 * What is known of models, as shipped. The configuration may lay its own over it; a model that is not here works too, with unknown limits and
 * price. Tokens, and US dollars per million of them, as the providers published them by October 2026. Runs without the SDK: the server reads it.
 */
import type { ModelFacts } from "./wire.ts";

type Kind = "anthropic" | "openai" | "google";

const media = { images: true, pdf: true, tools: true, reasoning: true };

const claude = (
  name: string,
  [input, output, cacheRead, cacheWrite]: readonly [number, number, number, number],
  rest: ModelFacts,
): ModelFacts => ({ name, ...media, price: { input, output, cacheRead, cacheWrite }, ...rest });

/** Models that think as much as they find fit; how much they try is said. */
const adaptive = (...efforts: string[]): ModelFacts => ({
  context: 1_000_000,
  output: 128_000,
  variants: Object.fromEntries(
    efforts.map((effort) => [effort, { effort, thinking: { type: "adaptive", display: "summarized" } }]),
  ),
});

/** Models that are given a number of tokens to think with. */
const budgeted = (output: number): ModelFacts => ({
  context: 200_000,
  output,
  variants: {
    high: { thinking: { type: "enabled", budgetTokens: 16_000 } },
    max: { thinking: { type: "enabled", budgetTokens: 31_999 } },
  },
});

const EFFORTS = ["low", "medium", "high", "xhigh", "max"];

/** Above so many tokens of input OpenAI takes its second price. */
const OPENAI_TIER = 272_000;

const gpt = (name: string, efforts: readonly string[], rest: ModelFacts): ModelFacts => ({
  name,
  ...media,
  variants: Object.fromEntries(
    efforts.map((effort) => [effort, { reasoningEffort: effort, reasoningSummary: "auto" }]),
  ),
  ...rest,
});

const million = { context: 1_050_000, input: 922_000, output: 128_000 };
const large = { context: 400_000, input: 272_000, output: 128_000 };

const gemini = (name: string, rest: ModelFacts): ModelFacts => ({
  name,
  ...media,
  context: 1_048_576,
  output: 65_536,
  ...rest,
});

const levels = Object.fromEntries(
  ["low", "medium", "high"].map((level) => [
    level,
    { thinkingConfig: { thinkingLevel: level, includeThoughts: true } },
  ]),
);
const budgets = (max: number): NonNullable<ModelFacts["variants"]> => ({
  high: { thinkingConfig: { thinkingBudget: 16_000, includeThoughts: true } },
  max: { thinkingConfig: { thinkingBudget: max, includeThoughts: true } },
});

export const MODEL_TABLE: Readonly<Record<Kind, Readonly<Record<string, ModelFacts>>>> = {
  anthropic: {
    "claude-opus-5-5": claude("Claude Opus 5.5", [4, 20, 0.2, 5], adaptive(...EFFORTS)),
    "claude-sonnet-5-5": claude("Claude Sonnet 5.5", [2, 10, 0.1, 2.5], adaptive(...EFFORTS)),
    "claude-haiku-5-5": { name: "Claude Haiku 5.5", ...media, ...adaptive(...EFFORTS) },
    "claude-opus-5": claude("Claude Opus 5", [5, 25, 0.5, 6.25], adaptive(...EFFORTS)),
    "claude-sonnet-5": claude("Claude Sonnet 5", [2, 10, 0.2, 2.5], adaptive("low", "medium", "high", "max")),
    "claude-opus-4-8": claude("Claude Opus 4.8", [5, 25, 0.5, 6.25], adaptive(...EFFORTS)),
    "claude-opus-4-5": claude("Claude Opus 4.5", [5, 25, 0.5, 6.25], budgeted(64_000)),
    "claude-sonnet-4-5": claude("Claude Sonnet 4.5", [3, 15, 0.3, 3.75], budgeted(64_000)),
    "claude-haiku-4-5": claude("Claude Haiku 4.5", [1, 5, 0.1, 1.25], budgeted(64_000)),
  },
  openai: {
    "gpt-6-astra": gpt("GPT-6 Astra", EFFORTS, {
      ...million,
      price: {
        input: 10,
        output: 50,
        cacheRead: 1,
        cacheWrite: 12.5,
        tiers: [{ size: OPENAI_TIER, input: 20, output: 75, cacheRead: 2, cacheWrite: 25 }],
      },
    }),
    "gpt-5.6": gpt("GPT-5.6", ["none", ...EFFORTS], {
      ...million,
      price: {
        input: 2,
        output: 10,
        cacheRead: 0.2,
        cacheWrite: 2.5,
        tiers: [{ size: OPENAI_TIER, input: 4, output: 15, cacheRead: 0.4, cacheWrite: 5 }],
      },
    }),
    "gpt-5.2": gpt("GPT-5.2", ["none", "low", "medium", "high", "xhigh"], {
      ...large,
      price: { input: 1.75, output: 14, cacheRead: 0.175 },
    }),
    "gpt-5.1": gpt("GPT-5.1", ["none", "low", "medium", "high"], {
      ...large,
      price: { input: 1.25, output: 10, cacheRead: 0.125 },
    }),
    "gpt-5": gpt("GPT-5", ["minimal", "low", "medium", "high"], {
      ...large,
      price: { input: 1.25, output: 10, cacheRead: 0.125 },
    }),
    "gpt-5-mini": gpt("GPT-5 mini", ["minimal", "low", "medium", "high"], {
      ...large,
      price: { input: 0.25, output: 2, cacheRead: 0.025 },
    }),
    "gpt-5-nano": gpt("GPT-5 nano", ["minimal", "low", "medium", "high"], {
      ...large,
      price: { input: 0.05, output: 0.4, cacheRead: 0.005 },
    }),
  },
  google: {
    // Until the end of 2026; from then on 1.5, 7.5 and 0.15.
    "gemini-3.8-flash": gemini("Gemini 3.8 Flash", {
      price: { input: 0.75, output: 3.75, cacheRead: 0.075 },
      variants: levels,
    }),
    "gemini-3.1-pro-preview": gemini("Gemini 3.1 Pro Preview", {
      price: { input: 2, output: 12, cacheRead: 0.2, over200k: { input: 4, output: 18, cacheRead: 0.4 } },
      variants: levels,
    }),
    "gemini-2.5-pro": gemini("Gemini 2.5 Pro", {
      price: {
        input: 1.25,
        output: 10,
        cacheRead: 0.125,
        over200k: { input: 2.5, output: 15, cacheRead: 0.25 },
      },
      variants: budgets(32_768),
    }),
    "gemini-2.5-flash": gemini("Gemini 2.5 Flash", {
      price: { input: 0.3, output: 2.5, cacheRead: 0.03 },
      variants: budgets(24_576),
    }),
  },
};
