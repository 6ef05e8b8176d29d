import { isOwnWorkPart, type Message, type Part, type TextPart } from "@holdfast/protocol";

/**
 * What was said in the end: the texts behind the last call, or behind the beginning of the last step; when nothing was said there, those before it. Parts
 * are given in their order.
 */
export function finalTexts(parts: readonly Part[]): string[] {
  const runs: string[][] = [[]];
  for (const part of parts) {
    if (part.type === "tool" || part.type === "step-start") runs.push([]);
    else if (isSaid(part)) runs.at(-1)?.push(part.text);
  }
  return runs.findLast((run) => run.some((text) => text.trim() !== "")) ?? [];
}

/** Words of the agent that stand: not of a machine, not for people alone, not of a try that failed and was repeated. */
const isSaid = (part: Part): part is TextPart =>
  part.type === "text" && part.ignored !== true && part.synthetic !== true && part.attempt === undefined;

/** Parts of what answers the messages of a turn. What its agent did by itself meanwhile answers none of them, unless nobody asked for the turn. */
export function answerParts(messages: readonly Message[]): Part[] {
  const own = messages.filter(({ parts }) => parts.some(isOwnWorkPart)).map(({ info }) => info.id);
  const answers = messages.flatMap((message) => (message.info.role === "assistant" ? [message] : []));
  const isAsked = messages.some(({ info }) => info.role === "user" && !own.includes(info.id));
  return answers
    .filter(({ info }) => !isAsked || !("parentId" in info && own.includes(info.parentId)))
    .flatMap(({ parts }) => parts);
}
