/**
 * What a compaction summarizes and what it keeps (session-model 14.3). Pure.
 *
 *   view   S u1 a1 u2 a2 a3        S: the summary before, where there is one
 *          head ──┤├─ tail         the last turns, as many as the budget has room for; of the one that does not fit, its last messages
 *
 * - What the user asked and nobody has answered is always kept: a summary of a question is no question.
 * - After an overflow nothing is kept but what the user asked last, which is asked again.
 */
import { isOwnWorkPart, isPreamblePart, type Message } from "@holdfast/protocol";
import { isAsked, isBoundary, isSummary, wordsOf } from "../view/index.ts";
import { tokensOf } from "./estimate.ts";

export type CompactionPlan = {
  /** What is to be summarized, oldest first. */
  head: Message[];
  /** The summary that is to be brought up to date. */
  previous?: string;
  /** For the event `compaction`: the first message that is kept, or the one that is asked again. */
  tailStartId?: string;
};

/** Undefined where there is nothing that a summary could stand for. `tail`: tokens that may be kept. */
export function planCompaction(
  messages: readonly Message[],
  { overflow, tail }: { overflow: boolean; tail: number },
): CompactionPlan | undefined {
  const [first] = messages;
  const hasPrevious = first !== undefined && isBoundary(first);
  const others = messages.filter((message) => !isSummary(message));
  const said = overflow ? withoutAsked(others, hasPrevious) : chooseTail(others, tail);
  if (said.head.length === 0 && !hasPrevious) return undefined;
  // A summary of a summary says nothing new.
  if (said.head.length === 0 && said.tailStartId === undefined) return undefined;
  return { ...said, ...(hasPrevious ? { previous: wordsOf(first) } : {}) };
}

type Split = Omit<CompactionPlan, "previous">;

/** What of these messages, oldest first and without summaries, is kept within a budget of tokens. No tail where everything or nothing would be kept. */
export function chooseTail(messages: readonly Message[], budget: number): Split {
  const asked = messages.findLastIndex((message) => !isAsked(message)) + 1;
  let start = Math.min(startOfTail(messages, budget), asked);
  if (start === 0) start = asked;
  const head = messages.slice(0, start);
  const tailStartId = messages[start]?.info.id;
  return { head, ...(tailStartId === undefined || start === 0 ? {} : { tailStartId }) };
}

function startOfTail(messages: readonly Message[], budget: number): number {
  let start = messages.length;
  let left = budget;
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    const message = messages[index];
    if (message === undefined || (!isAsked(message) && index > 0)) continue;
    const tokens = sum(messages.slice(index, start));
    if (tokens > left) return fittingFrom(messages, index + 1, start, left);
    left -= tokens;
    start = index;
  }
  return start;
}

/** The first message within a turn whose suffix fits. */
function fittingFrom(messages: readonly Message[], from: number, end: number, budget: number): number {
  for (let index = from; index < end; index += 1) if (sum(messages.slice(index, end)) <= budget) return index;
  return end;
}

const sum = (messages: readonly Message[]): number =>
  messages.reduce((tokens, each) => tokens + tokensOf(each), 0);

/** Nothing is asked again where nothing else would remain to be summarized. */
function withoutAsked(messages: readonly Message[], hasPrevious: boolean): Split {
  const asked = messages.findLast((message) => isAsked(message) && isByUser(message));
  const others = messages.filter((message) => message !== asked);
  if (asked === undefined || (others.length === 0 && !hasPrevious)) return { head: [...messages] };
  return { head: others, tailStartId: asked.info.id };
}

/** It says something that the server did not write. */
const isByUser = ({ parts }: Message): boolean =>
  parts.some(
    (part) =>
      part.type === "file" ||
      (part.type === "text" && part.ignored !== true && !isPreamblePart(part) && !isOwnWorkPart(part)),
  );

/** Compactions that follow each other at most, with no step between that left room. */
export const MOST_COMPACTIONS = 3;
