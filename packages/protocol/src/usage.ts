import { z } from "zod";
import { countSchema } from "./common.ts";

/** Tokens of one or more model calls. A count that was not reported is absent, never 0. */
export const tokensSchema = z
  .object({
    total: countSchema.optional(),
    input: countSchema.optional(),
    output: countSchema.optional(),
    reasoning: countSchema.optional(),
    cache: z.object({ read: countSchema, write: countSchema }).optional(),
  })
  .meta({ id: "Tokens" });
export type Tokens = z.infer<typeof tokensSchema>;

/** `scope` says what `tokens` span, from the agent's record; `partial` marks a total that lacks a turn; `context` is a gauge and is never summed. */
export const usageSchema = z
  .object({
    tokens: tokensSchema.optional(),
    cost: z.number().nonnegative().optional(),
    scope: z.enum(["turn", "lastCall", "unknown"]).optional(),
    partial: z.boolean().optional(),
    context: z.object({ used: countSchema, size: countSchema }).optional(),
  })
  .meta({ id: "Usage" });
export type Usage = z.infer<typeof usageSchema>;

/** Sums what was reported; the gauge is the newest. A missing `next.tokens` makes the total partial. */
export function addUsage(total: Usage, next: Usage): Usage {
  const sum: Usage = {};
  const tokens = addTokens(total.tokens, next.tokens);
  if (tokens !== undefined) sum.tokens = tokens;
  const cost = addCounts(total.cost, next.cost);
  if (cost !== undefined) sum.cost = cost;
  const context = next.context ?? total.context;
  if (context !== undefined) sum.context = context;
  const scope = next.scope ?? total.scope;
  if (scope !== undefined) sum.scope = scope;
  if (total.partial === true || next.partial === true || next.tokens === undefined) sum.partial = true;
  return sum;
}

function addTokens(a: Tokens | undefined, b: Tokens | undefined): Tokens | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const sum: Tokens = {};
  for (const key of ["total", "input", "output", "reasoning"] as const) {
    const count = addCounts(a[key], b[key]);
    if (count !== undefined) sum[key] = count;
  }
  if (a.cache !== undefined || b.cache !== undefined) {
    sum.cache = {
      read: (a.cache?.read ?? 0) + (b.cache?.read ?? 0),
      write: (a.cache?.write ?? 0) + (b.cache?.write ?? 0),
    };
  }
  return sum;
}

function addCounts(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : a + b;
}
