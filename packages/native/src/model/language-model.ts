/** Reaches a model: one of the four ways of speaking to one, and what it is asked with. */
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { Model } from "@holdfast/protocol";
import type { LanguageModel, streamText } from "ai";
import { outputLimit } from "../compaction/index.ts";
import type { ModelFacts, ProviderAccess } from "../wire.ts";

type ProviderOptions = NonNullable<Parameters<typeof streamText>[0]["providerOptions"]>;
type OptionsOfOne = ProviderOptions[string];

/** The model as `streamText` takes it, with what is to be passed beside it. */
export type ReachedModel = {
  model: Exclude<LanguageModel, string>;
  /** Empty for a model that nobody knows: then nothing is compacted by count, and a step has no cost. */
  facts: ModelFacts;
  providerOptions: ProviderOptions;
  /** Absent where the endpoint decides by itself. */
  maxOutputTokens?: number;
};

// The program's output is its wire, and what the SDK warns of is in the stream.
globalThis.AI_SDK_LOG_WARNINGS = false;

/** Addresses of the providers. Said always: without one the SDK reads variables of the environment. */
const ADDRESSES = {
  anthropic: "https://api.anthropic.com/v1",
  openai: "https://api.openai.com/v1",
  google: "https://generativelanguage.googleapis.com/v1beta",
} as const;

/** Under which name each takes its options. */
const OPTIONS_NAME: Readonly<Record<ProviderAccess["kind"], string>> = {
  anthropic: "anthropic",
  openai: "openai",
  google: "google",
  "openai-compatible": "openaiCompatible",
};

/**
 * No call goes out yet. A key that is missing is an error of the call (`ProviderAuthError`), and so is a variant that the model has not: it is
 * left away. `cacheKey` is the same for all calls of a session: OpenAI finds what it has cached by it.
 */
export function languageModel(
  access: ProviderAccess,
  model: Model,
  options: { fetch?: typeof fetch; cacheKey?: string } = {},
): ReachedModel {
  const facts = access.models[model.modelId] ?? {};
  const variant = model.variant === undefined ? undefined : facts.variants?.[model.variant];
  const own = { ...standing(access.kind, options.cacheKey), ...(variant as OptionsOfOne | undefined) };
  return {
    model: reach(access, model.modelId, options.fetch),
    facts,
    // Of a Claude model that it does not know the SDK asks for 4,096 tokens, which is less than one file.
    ...(facts.output === undefined && access.kind !== "anthropic"
      ? {}
      : { maxOutputTokens: outputLimit(facts) }),
    providerOptions: Object.keys(own).length === 0 ? {} : { [OPTIONS_NAME[access.kind]]: own },
  };
}

function reach(
  access: ProviderAccess,
  modelId: string,
  fetch?: typeof globalThis.fetch,
): ReachedModel["model"] {
  const { kind, baseUrl, key, headers } = access;
  const way = {
    ...(headers === undefined ? {} : { headers }),
    ...(fetch === undefined ? {} : { fetch }),
    // An endpoint of one's own may take none; of the provider's own one the SDK says that it is missing.
    ...(key === undefined && baseUrl === undefined ? {} : { apiKey: key ?? "" }),
  };
  switch (kind) {
    case "anthropic":
      return createAnthropic({ ...way, baseURL: baseUrl ?? ADDRESSES.anthropic })(modelId);
    case "openai":
      return createOpenAI({ ...way, baseURL: baseUrl ?? ADDRESSES.openai }).responses(modelId);
    case "google":
      return createGoogle({ ...way, baseURL: baseUrl ?? ADDRESSES.google })(modelId);
    case "openai-compatible": {
      if (baseUrl === undefined) throw new Error(`The provider ${access.id} has no baseUrl.`);
      const { apiKey, ...rest } = way;
      return createOpenAICompatible({
        ...rest,
        ...(apiKey === "" || apiKey === undefined ? {} : { apiKey }),
        baseURL: baseUrl,
        name: OPTIONS_NAME[kind],
        // Usage comes in a chunk of its own that has to be asked for.
        includeUsage: true,
      }).chatModel(modelId);
    }
  }
}

/** What every call of this kind is asked with: rows are the only memory, so OpenAI keeps no answer, and its reasoning comes along sealed. */
function standing(kind: ProviderAccess["kind"], cacheKey: string | undefined): OptionsOfOne {
  if (kind !== "openai") return {};
  return { store: false, ...(cacheKey === undefined ? {} : { promptCacheKey: cacheKey }) };
}
