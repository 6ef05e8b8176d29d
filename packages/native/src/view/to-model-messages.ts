/**
 * The model's view: a pure function of rows (session-model 5.2, 8, 10, 11.3, 12). Equal rows give equal messages, and rows that come behind change nothing
 * but the end, so that what a provider has cached stays good.
 *
 * - Each call has exactly one result, right behind the message that it stands in.
 * - What was signed goes back to the model that signed it, and to no other.
 * - Behind a summary that nobody asked for stands what makes the model go on: what the user asked last, or a sentence that says so.
 */
import type { Message } from "@holdfast/protocol";
import type { ModelMessage } from "ai";
import { alternating, userText } from "./alternating.ts";
import { answerMessages } from "./answer-content.ts";
import { CallNames } from "./call-names.ts";
import type { ViewOptions } from "./options.ts";
import {
  type Answer,
  compactionOf,
  isAnswer,
  isAsked,
  isBefore,
  isBoundary,
  isSummary,
  wordsOf,
} from "./row.ts";
import { userContent } from "./user-content.ts";
import { continuationText, WORDS } from "./words.ts";

/** `messages` as `filterCompacted` gives them. */
export async function toModelMessages(
  messages: readonly Message[],
  options: ViewOptions,
): Promise<ModelMessage[]> {
  const names = new CallNames();
  const [first, ...others] = messages;
  if (first === undefined || !isBoundary(first))
    return alternating(await converted(messages, names, options));
  const after = others.findIndex((message) => !isBefore(message, first));
  const tail = after < 0 ? others : others.slice(0, after);
  const rest = after < 0 ? [] : others.slice(after);
  return alternating([
    userText(WORDS.whatWasDone),
    { role: "assistant", content: [{ type: "text", text: wordsOf(first) }] },
    ...(await keptMessages(first, tail, names, options)),
    ...continuation(first, tail, rest),
    ...(await converted(rest, names, options)),
  ]);
}

async function converted(
  messages: readonly Message[],
  names: CallNames,
  options: ViewOptions,
): Promise<ModelMessage[]> {
  const all: ModelMessage[] = [];
  for (const message of messages) {
    // What an agent wrote to remember by, it said to nobody.
    if (isSummary(message)) continue;
    if (isAnswer(message)) all.push(...(await answerMessages(message, names, options)));
    else if (isAsked(message)) {
      const content = await userContent(message, options);
      if (content.length > 0) all.push({ role: "user", content });
    }
  }
  return all;
}

async function keptMessages(
  summary: Answer,
  tail: readonly Message[],
  names: CallNames,
  options: ViewOptions,
): Promise<ModelMessage[]> {
  if (compactionOf(summary)?.overflow === true) {
    const asked = await converted(tail, names, { ...options, stripMedia: true });
    return asked.length === 0 ? [] : [userText(WORDS.askedAgain), ...asked];
  }
  const kept = await converted(tail, names, options);
  return kept[0]?.role === "assistant" ? [userText(WORDS.tailFollows), ...kept] : kept;
}

/** Nothing where somebody has said, behind the work so far, how to go on. */
function continuation(summary: Answer, tail: readonly Message[], [next]: readonly Message[]): ModelMessage[] {
  const compaction = compactionOf(summary);
  const isSaid = [tail.at(-1), next].some((message) => message !== undefined && isAsked(message));
  if (compaction?.auto !== true || isSaid) return [];
  return [userText(continuationText(compaction.overflow === true))];
}
