import type { Tokens, Usage } from "@holdfast/protocol";
import { count, object, type Json } from "./json.ts";

/** What one assistant message reports of itself. */
export type MessageUsage = { tokens: Tokens | undefined; cost: number | undefined };

/** Reads a message's usage. Only zeros mean that the provider reported nothing, a cost of 0 that the model has no price. */
export function messageUsage(info: Json): MessageUsage {
  const { cost } = info;
  const tokens = tokensOf(object(info["tokens"]));
  const isPriced = typeof cost === "number" && Number.isFinite(cost) && cost > 0;
  return { tokens, cost: isPriced ? cost : undefined };
}

/** The usage of a turn: the sum over its messages, and how full the newest one left the context. */
export function turnUsage(
  messages: readonly MessageUsage[],
  contextSize: number | undefined,
): Usage | undefined {
  const usage: Usage = {};
  const reported = messages.flatMap(({ tokens }) => (tokens === undefined ? [] : [tokens]));
  if (reported.length > 0) {
    usage.tokens = reported.reduce(added);
    usage.scope = "turn";
  }
  const costs = messages.flatMap(({ cost }) => (cost === undefined ? [] : [cost]));
  if (costs.length > 0) usage.cost = costs.reduce((sum, cost) => sum + cost, 0);
  const newest = reported.at(-1);
  if (newest !== undefined && contextSize !== undefined && contextSize > 0) {
    usage.context = { used: newest.total ?? 0, size: contextSize };
  }
  return Object.keys(usage).length === 0 ? undefined : usage;
}

function tokensOf(value: Json): Tokens | undefined {
  const cache = object(value["cache"]);
  const [input, output, reasoning] = [
    count(value["input"]),
    count(value["output"]),
    count(value["reasoning"]),
  ];
  const [read, write] = [count(cache["read"]), count(cache["write"])];
  const sum = (input ?? 0) + (output ?? 0) + (reasoning ?? 0) + (read ?? 0) + (write ?? 0);
  if (sum === 0) return undefined;
  const tokens: Tokens = { total: count(value["total"]) ?? sum };
  if (input !== undefined) tokens.input = input;
  if (output !== undefined) tokens.output = output;
  if (reasoning !== undefined) tokens.reasoning = reasoning;
  if (read !== undefined || write !== undefined) tokens.cache = { read: read ?? 0, write: write ?? 0 };
  return tokens;
}

function added(one: Tokens, other: Tokens): Tokens {
  const sum: Tokens = {};
  for (const field of ["total", "input", "output", "reasoning"] as const) {
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
