/** Turns of the talk as providers take them: the user begins, nobody speaks twice in a row, and the model is spoken to last. Pure. */
import type { AssistantModelMessage, ModelMessage, UserModelMessage } from "ai";
import { addSaid, type Content } from "./said-content.ts";
import { WORDS } from "./words.ts";

export const userText = (text: string): UserModelMessage => ({
  role: "user",
  content: [{ type: "text", text }],
});

export function alternating(messages: readonly ModelMessage[]): ModelMessage[] {
  const turns: ModelMessage[] = [];
  for (const message of messages) {
    const last = turns.at(-1);
    if (message.role === "user" && last?.role === "user") {
      turns[turns.length - 1] = { role: "user", content: [...listOf(last), ...listOf(message)] };
    } else if (message.role === "assistant" && last?.role === "assistant") {
      if (begins(message, "reasoning")) turns.push(userText(WORDS.goOn), message);
      else turns[turns.length - 1] = joined(last, message);
    } else if (message.role === "assistant" && last === undefined) {
      turns.push(userText(WORDS.nobodyAsked), message);
    } else turns.push(message);
  }
  if (turns.at(-1)?.role === "assistant") turns.push(userText(WORDS.goOn));
  return turns;
}

const listOf = ({ content }: UserModelMessage) =>
  typeof content === "string" ? [{ type: "text" as const, text: content }] : content;

const partsOf = ({ content }: AssistantModelMessage): Content =>
  typeof content === "string" ? [{ type: "text", text: content }] : content;

const begins = (message: AssistantModelMessage, type: Content[number]["type"]): boolean =>
  partsOf(message)[0]?.type === type;

function joined(first: AssistantModelMessage, second: AssistantModelMessage): AssistantModelMessage {
  const content = [...partsOf(first)];
  addSaid(content, partsOf(second));
  return { role: "assistant", content };
}
