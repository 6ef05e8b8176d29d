/*
 * Decides what the model answers to one request, from that request alone, apart from one count: how often the very same
 * request already failed (so that `FAIL 500` + `SAY ok` is one failure and then, on the agent's retry, the text).
 *
 * The script of the turn is cut into answers: text directives gather until a tool call, FAIL, HANG or CRASH ends the
 * answer. The k-th request of the turn gets the k-th answer; after the last one the model says a short final text.
 */
import { createHash } from "node:crypto";
import { beatsOf } from "./beats.ts";
import type { Beat } from "./beats.ts";
import { lastUserIndex } from "./conversation.ts";
import type { Conversation } from "./conversation.ts";
import { hasOwnText, parseScript } from "./directives.ts";
import type { Directive } from "./directives.ts";
import { sideAnswer, sideRequest } from "./side-requests.ts";
import type { SideRequest } from "./side-requests.ts";

/** What one request is answered with. */
export interface Answer {
  /** Set when the request was not the user's turn. */
  side?: SideRequest;
  /** Which request of the turn this is, from 0; a repeated failed request counts. */
  index: number;
  beats: Iterable<Beat>;
}

const endsAnswer = new Set<Directive["kind"]>([
  "read",
  "write",
  "bash",
  "output",
  "spawn",
  "ask",
  "call",
  "also",
  "broken",
  "fail",
  "hang",
  "crash",
  "cut",
]);
const breaks = new Set<Directive["kind"] | undefined>(["fail", "hang", "crash", "cut"]);
/** What belongs to the answer of the call before it. */
const staysWith = new Set<Directive["kind"]>(["also", "usage", "end"]);
/** Most failed requests whose count is kept; the oldest is forgotten first. */
const MAX_FAILURE_KEYS = 1000;
/** Most of a tool's result that the final text repeats, in UTF-16 code units. */
const MAX_RESULT_EXCERPT = 120;

/** Cuts a script into the answers of its requests. */
export function cutAnswers(script: readonly Directive[]): Directive[][] {
  const answers: Directive[][] = [[]];
  let isOver = false;
  for (const directive of script) {
    const isNext: boolean = directive.kind === "later" || (isOver && !staysWith.has(directive.kind));
    if (isNext && answers.at(-1)?.length !== 0) answers.push([]);
    isOver = endsAnswer.has(directive.kind) || (isOver && !isNext);
    answers.at(-1)?.push(directive);
  }
  return answers;
}

/** Counts failed requests by what they asked, so that a retry of a failed request goes on in the script. */
export class FailureCounts {
  readonly #counts = new Map<string, number>();

  /** How often this request failed since it was last answered. */
  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  /** Notes one more failure. */
  add(key: string): void {
    this.#counts.set(key, this.of(key) + 1);
    const oldest = this.#counts.keys().next();
    if (this.#counts.size > MAX_FAILURE_KEYS && !oldest.done) this.#counts.delete(oldest.value);
  }

  /** Forgets a request that was answered. */
  clear(key: string): void {
    this.#counts.delete(key);
  }
}

/** Chooses the answer to a request. */
export function chooseAnswer(conversation: Conversation, failures: FailureCounts): Answer {
  const side = sideRequest(conversation);
  if (side !== undefined)
    return { side, index: 0, beats: [{ kind: "text", text: sideAnswer(side, conversation) }] };
  const { messages } = conversation;
  const at = lastUserIndex(messages, hasOwnText);
  const text = messages[at]?.text ?? "";
  const answers = cutAnswers(parseScript(text));
  const done = assistantRuns(conversation, at);
  const key = failureKey(conversation, text, done);
  const index = done + failures.of(key);
  const answer = answers[index];
  if (answer === undefined) return { index, beats: [{ kind: "text", text: finalText(conversation, at) }] };
  if (breaks.has(answer.at(-1)?.kind)) {
    // The last failure of a script repeats: a lone FAIL fails every retry.
    if (index < answers.length - 1) failures.add(key);
  } else failures.clear(key);
  return { index, beats: beatsOf(answer, conversation) };
}

/** Assistant messages since the script, where neighbours are one: some agents split text and tool call. */
function assistantRuns(conversation: Conversation, from: number): number {
  const roles = conversation.messages.slice(from + 1).map((message) => message.role);
  return roles.filter((role, index) => role === "assistant" && roles[index - 1] !== "assistant").length;
}

function failureKey(conversation: Conversation, text: string, done: number): string {
  // Digits are left out because the agents' system texts hold the time.
  const system = conversation.messages
    .filter((message) => message.role === "system")
    .map((message) => message.text.replace(/\d/g, ""));
  return createHash("sha256")
    .update(JSON.stringify([system, text, done]))
    .digest("base64");
}

function finalText(conversation: Conversation, from: number): string {
  const result =
    conversation.messages
      .slice(from + 1)
      .findLast((message) => message.role === "tool")
      ?.text.trim() ?? "";
  return result === "" ? "Done." : `Done. ${result.slice(0, MAX_RESULT_EXCERPT).toWellFormed()}`;
}
