/**
 * Where a provider is told to keep what it has read. Anthropic alone wants to be told; the others find by themselves what two requests have in
 * common. Marks change nothing of what is said, so they may move from one request to the next.
 *
 *   tools, instructions ▲  ... user, assistant, tool ▲  assistant, tool ▲
 *                       always the same              │                  what the next request will find
 *                                                    what the request before ended with, and wrote
 */
import type { ModelMessage, SystemModelMessage } from "ai";
import type { ProviderAccess } from "../wire.ts";

const MARK = { anthropic: { cacheControl: { type: "ephemeral" } } } as const;

/** Marks the last message, and the one that the request before this one ended with. Those given are left as they are. */
export function withCacheMarks(
  messages: readonly ModelMessage[],
  kind: ProviderAccess["kind"],
): ModelMessage[] {
  if (kind !== "anthropic") return [...messages];
  const last = messages.findLastIndex(isMarkable);
  const answer = messages.findLastIndex((message) => message.role === "assistant");
  const before = answer < 0 ? -1 : messages.slice(0, answer).findLastIndex(isMarkable);
  return messages.map((message, at) =>
    at === last || at === before
      ? {
          ...message,
          providerOptions: {
            ...message.providerOptions,
            anthropic: { ...message.providerOptions?.["anthropic"], ...MARK.anthropic },
          },
        }
      : message,
  );
}

/** The system prompt, as `instructions` of `streamText`. Its mark covers the tools, which stand before it. */
export function markedInstructions(
  texts: readonly string[],
  kind: ProviderAccess["kind"],
): SystemModelMessage[] {
  return texts.map((content, at) => ({
    role: "system",
    content,
    ...(kind === "anthropic" && at === texts.length - 1 ? { providerOptions: MARK } : {}),
  }));
}

/** An answer may end with reasoning, where no mark may stand. */
function isMarkable(message: ModelMessage): boolean {
  return message.role === "user" || message.role === "tool";
}
