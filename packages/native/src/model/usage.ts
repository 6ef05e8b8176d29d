/** What a call used, and what it cost. */
import { normalizeUsage, type Tokens } from "@holdfast/protocol";
import type { LanguageModelUsage, ProviderMetadata } from "ai";
import type { ModelFacts } from "../wire.ts";

/**
 * Of the stream's `finish-step`. Tokens are absent where the endpoint reported none, and the cost, in US dollars, where no price is known.
 * A call that broke off has neither: its `finish-step` never came.
 */
export function usageOf(
  usage: LanguageModelUsage,
  providerMetadata: ProviderMetadata | undefined,
  facts: ModelFacts,
): { tokens?: Tokens; cost?: number } {
  if (usage.inputTokens === undefined && usage.outputTokens === undefined) return {};
  return normalizeUsage(usage, { providerMetadata, price: facts.price });
}
