import { sentTexts } from "./conversation.ts";
import type { Conversation } from "./conversation.ts";
import { parseScript, recall } from "./directives.ts";

/** What an agent asks a model besides the user's turn. */
export type SideRequest = "title" | "summary" | "memory" | "suggestion" | "classification";

// Looked for in what the agent wrote itself: the system text and what stands around the user's text.
const signs: [SideRequest, RegExp][] = [
  [
    "title",
    /\btitle generator\b|\byou name sessions\b|\b(session|conversation|chat) (title|name|topic)\b|\b(generate|write|give|create|provide|produce)\b[^.\n]{0,60}\b(title|description in four words|four words or less)\b/i,
  ],
  ["suggestion", /\b(suggest|predict)\b[^.\n]{0,60}\b(next|follow-?up|user)\b/i],
  ["memory", /\b(extract|save|update|consolidate)\b[^.\n]{0,60}\bmemor(y|ies)\b/i],
  ["classification", /\b(classif(y|ier|ication)|is_read_only|read-only (tool|operation)s?)\b/i],
  ["summary", /\bsummar(y|ize|ise|izer|ization)\b|\bcompact(ion)?\b/i],
];

const summarySign = /\b(summariz|summaris|compact)\w*\b[^.\n]{0,60}\b(conversation|history|context)\b/i;

/**
 * Recognises a request that is not the user's turn. Agents ask most of those without the tools of a turn, and say in their
 * instructions what they want; some ask for a summary as the last user message of the whole conversation, tools and all.
 * They must not use up the script.
 */
export function sideRequest(conversation: Conversation): SideRequest | undefined {
  const last = conversation.messages.findLast((message) => message.role === "user")?.text ?? "";
  if (conversation.tools.length > 1) {
    const scripted = parseScript(last)[0]?.kind !== "echo";
    return !scripted && summarySign.test(last) ? "summary" : undefined;
  }
  const system = conversation.messages
    .filter((message) => message.role === "system")
    .map((message) => message.text);
  return signs.find(([, sign]) => [...system, last].some((text) => sign.test(text)))?.[0];
}

/** A harmless answer; a summary carries the remembered word on, as a real one would. */
export function sideAnswer(kind: SideRequest, conversation: Conversation): string {
  const word = recall(sentTexts(conversation));
  switch (kind) {
    case "title":
      return "Scripted session";
    case "summary":
      return ["Summary: a scripted conversation.", ...(word === undefined ? [] : [`REMEMBER ${word}`])].join(
        "\n",
      );
    case "memory":
    case "suggestion":
      return "";
    case "classification":
      return "{}";
  }
}
