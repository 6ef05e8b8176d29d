/** How much of a model's context a session may fill (session-model 14.3). Pure; tokens everywhere. */
import type { Tokens } from "@holdfast/protocol";
import type { Compaction, ModelFacts } from "../wire.ts";

/** What one answer may have at most, where the model could give more. */
const MOST_OUTPUT = 32_000;
/** Kept free at most, unless the configuration says otherwise. */
const MOST_RESERVED = 20_000;

/** Kept whole behind a summary: a quarter of what is usable, within these. */
const TAIL = { share: 0.25, least: 2_000, most: 15_000 };

/**
 * What an answer may have: ask the model for no more. Of a small context at most a quarter, or a model of 40,000 tokens that could answer with 32,000 would
 * have no room for a question.
 */
export function outputLimit({ context, output }: ModelFacts): number {
  const limit = Math.min(output ?? MOST_OUTPUT, MOST_OUTPUT);
  return context === undefined || context === 0 ? limit : Math.min(limit, Math.floor(context / 4));
}

/** What a session may fill before it is compacted; `undefined` where the size of the context is unknown. */
export function usableTokens(facts: ModelFacts, compaction: Compaction): number | undefined {
  const { context, input } = facts;
  if (context === undefined || context === 0) return undefined;
  const output = outputLimit(facts);
  const reserved = compaction.reserved ?? Math.min(MOST_RESERVED, output);
  return Math.max(0, input === undefined ? context - output - reserved : input - reserved);
}

/** What a call filled of the context, with its answer. */
export const contextTokens = ({ total, input = 0, output = 0, cache }: Tokens): number =>
  total ?? input + output + (cache?.read ?? 0) + (cache?.write ?? 0);

/** Whether the session has to be compacted before its next step. */
export function isOverflow(
  tokens: Tokens | undefined,
  { facts, compaction }: { facts: ModelFacts; compaction: Compaction },
): boolean {
  const usable = usableTokens(facts, compaction);
  if (!compaction.auto || tokens === undefined || usable === undefined) return false;
  return contextTokens(tokens) >= usable;
}

/** What may be kept whole behind a summary. */
export const tailBudget = (usable: number): number =>
  Math.min(TAIL.most, Math.max(TAIL.least, Math.floor(usable * TAIL.share)));
