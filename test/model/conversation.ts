/** The wire formats that the scripted model speaks. */
export type Api = "openai-chat" | "openai-responses" | "anthropic" | "gemini";

/** One message of a request, whatever format it came in; tool results are `tool` even where the format calls them `user`. */
export interface ModelMessage {
  role: "system" | "user" | "assistant" | "tool";
  text: string;
}

/** A tool that the agent offered, with its parameters as JSON schema properties. */
export interface OfferedTool {
  name: string;
  description: string;
  properties: Record<string, Record<string, unknown>>;
  required: string[];
}

/** A model request in neutral form: what the script is read from. */
export interface Conversation {
  api: Api;
  model: string;
  stream: boolean;
  messages: ModelMessage[];
  tools: OfferedTool[];
}

/** Narrows parsed JSON to an object; anything else reads as an empty one, so that a malformed request has no fields. */
export function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

/** Narrows parsed JSON to an array; anything else reads as empty. */
export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Narrows parsed JSON to a string; anything else reads as "". */
export function string(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The text of a content value in any of the formats: a string, or parts that carry `text`. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return list(content)
    .map((part) => (typeof part === "string" ? part : string(record(part)["text"])))
    .filter((text) => text !== "")
    .join("\n");
}

/** Builds an offered tool from its name, description and JSON schema. */
export function offeredTool(name: unknown, description: unknown, schema: unknown): OfferedTool {
  const parameters = record(schema);
  const properties: OfferedTool["properties"] = {};
  for (const [key, value] of Object.entries(record(parameters["properties"])))
    properties[key] = record(value);
  return {
    name: string(name),
    description: string(description),
    properties,
    required: list(parameters["required"]).map(string),
  };
}

/** What the model was told, oldest first, without tool results: a summary may come as any other role. */
export function sentTexts(conversation: Conversation): string[] {
  return conversation.messages.filter((message) => message.role !== "tool").map((message) => message.text);
}

/**
 * Index of the last user message that has text of its own outside `<tag>` blocks, or -1. One with a line `#turn <n>` goes before those that
 * directly follow it: Claude tells of the environment in a user message of its own behind the first prompt.
 */
export function lastUserIndex(
  messages: readonly ModelMessage[],
  hasOwnText: (text: string) => boolean,
): number {
  const last = messages.findLastIndex((message) => message.role === "user" && hasOwnText(message.text));
  for (let at = last; at >= 0; at -= 1) {
    const { role, text } = messages[at] ?? { role: "tool", text: "" };
    if (role === "assistant" || role === "tool") break;
    if (role === "user" && /^#turn \d+\s*$/m.test(text)) return at;
  }
  return last;
}
