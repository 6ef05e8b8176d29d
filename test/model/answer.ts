/*
 * Decides what the model answers to one request, from that request alone, apart from one memory: which requests of the turn
 * failed already (so that `FAIL 500` + `SAY ok` is one failure and then, on the agent's retry, the text).
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

/** A request that failed: the assistant's messages before it, and what it said until then. */
type Failed = { done: number; text: string };
type Told = { failed: Failed[]; answered: number };

/** Failed requests of each turn, so that the agent's retry goes on in the script, and so does what follows it. */
export class FailureCounts {
  readonly #turns = new Map<string, Told>();

  /** Answers of the script that failed before this request and stand nowhere in what was sent. One that was answered before begins anew. */
  of(key: string, done: number, sent: string): number {
    const turn = this.#turns.get(key);
    if (turn === undefined) return 0;
    if (done <= turn.answered) this.#turns.delete(key);
    return done <= turn.answered
      ? 0
      : turn.failed.filter((each) => each.done <= done && (each.text === "" || !sent.includes(each.text)))
          .length;
  }

  /** Notes one more failure. */
  add(key: string, failed: Failed): void {
    this.#of(key).failed.push(failed);
  }

  /** Notes an answer, where something failed before it. */
  answered(key: string, done: number): void {
    const turn = this.#turns.get(key);
    if (turn !== undefined) turn.answered = done;
  }

  #of(key: string): Told {
    const turn = this.#turns.get(key) ?? { failed: [], answered: -1 };
    this.#turns.set(key, turn);
    const oldest = this.#turns.keys().next();
    if (this.#turns.size > MAX_FAILURE_KEYS && !oldest.done) this.#turns.delete(oldest.value);
    return turn;
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
  const key = failureKey(conversation, text);
  const index = done + failures.of(key, done, sentSince(conversation, at));
  const answer = answers[index];
  if (answer === undefined) return { index, beats: [{ kind: "text", text: finalText(conversation, at) }] };
  if (breaks.has(answer.at(-1)?.kind)) {
    // The last failure of a script repeats: a lone FAIL fails every retry.
    if (index < answers.length - 1) failures.add(key, { done, text: firstSaid(answer) });
  } else failures.answered(key, done);
  return { index, beats: beatsOf(answer, conversation) };
}

/** Assistant messages since the script, where neighbours are one: some agents split text and tool call. */
function assistantRuns(conversation: Conversation, from: number): number {
  const roles = conversation.messages.slice(from + 1).map((message) => message.role);
  return roles.filter((role, index) => role === "assistant" && roles[index - 1] !== "assistant").length;
}

/** What the assistant said since the script, as it was sent. */
const sentSince = ({ messages }: Conversation, from: number): string =>
  messages
    .slice(from + 1)
    .flatMap(({ role, text }) => (role === "assistant" ? [text] : []))
    .join("\n");

const firstSaid = (answer: readonly Directive[]): string =>
  answer.flatMap((directive) => (directive.kind === "say" ? [directive.text] : []))[0] ?? "";

function failureKey(conversation: Conversation, text: string): string {
  // Digits are left out because the agents' system texts hold the time.
  const system = conversation.messages
    .filter((message) => message.role === "system")
    .map((message) => message.text.replace(/\d/g, ""));
  return createHash("sha256")
    .update(JSON.stringify([system, text]))
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
