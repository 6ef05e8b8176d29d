import type { Tokens, Usage } from "@holdfast/protocol";
import type { Quirks } from "../catalog/index.ts";
import { isObject } from "./wire-message.ts";

/** Field of an agent's report -> ours. */
const FIELDS = [
  ["totalTokens", "total"],
  ["inputTokens", "input"],
  ["outputTokens", "output"],
  ["thoughtTokens", "reasoning"],
] as const;

/**
 * Tokens and cost of one prompt. What was not reported stays absent; the cost is what the session's sum grew by; the tokens are the
 * response's, or the sum of single model calls where the agent reports those.
 */
export class PromptUsage {
  readonly #rules: Quirks["tokens"];
  readonly #costBefore: number;
  #summed: Tokens | undefined;

  constructor(rules: Quirks["tokens"], costBefore: number | undefined) {
    this.#rules = rules;
    this.#costBefore = costBefore ?? 0;
  }

  /** Looks for the tokens of one model call beside a chunk. */
  seeChunk(update: Record<string, unknown>): void {
    const meta = update["_meta"];
    const tokens = this.#rules.perCall && isObject(meta) ? tokensOf(meta["usage"]) : undefined;
    if (tokens !== undefined)
      this.#summed = this.#summed === undefined ? tokens : added(this.#summed, tokens);
  }

  /** The whole, when the prompt was answered; `undefined` when nothing was reported. */
  settle(result: unknown, now: { cost: number | undefined; context: Usage["context"] }): Usage | undefined {
    const usage: Usage = {};
    const answered = isObject(result) ? tokensOf(result["usage"]) : undefined;
    const tokens = this.#summed ?? answered;
    if (tokens !== undefined) {
      usage.tokens = tokens;
      usage.scope = this.#summed === undefined ? this.#rules.response : "turn";
    }
    if (now.cost !== undefined && now.cost >= this.#costBefore) usage.cost = now.cost - this.#costBefore;
    if (now.context !== undefined) usage.context = now.context;
    return Object.keys(usage).length === 0 ? undefined : usage;
  }
}

function tokensOf(value: unknown): Tokens | undefined {
  if (!isObject(value)) return undefined;
  const tokens: Tokens = {};
  for (const [theirs, ours] of FIELDS) {
    const count = countOf(value[theirs]);
    if (count !== undefined) tokens[ours] = count;
  }
  const [read, write] = [countOf(value["cachedReadTokens"]), countOf(value["cachedWriteTokens"])];
  if (read !== undefined || write !== undefined) tokens.cache = { read: read ?? 0, write: write ?? 0 };
  return Object.keys(tokens).length === 0 ? undefined : tokens;
}

function added(one: Tokens, other: Tokens): Tokens {
  const sum: Tokens = {};
  for (const [, field] of FIELDS) {
    const [a, b] = [one[field], other[field]];
    if (a !== undefined || b !== undefined) sum[field] = (a ?? 0) + (b ?? 0);
  }
  if (one.cache !== undefined || other.cache !== undefined) {
    sum.cache = {
      read: (one.cache?.read ?? 0) + (other.cache?.read ?? 0),
      write: (one.cache?.write ?? 0) + (other.cache?.write ?? 0),
    };
  }
  return sum;
}

function countOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
