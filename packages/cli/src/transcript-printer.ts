/**
 * Prints a session as it grows, each thing once: what was asked behind `>`, answers as they come, calls as lines, how each turn ended, what is
 * asked and how it was answered. It remembers what it has shown by id, so that it may be given the same state as often as one likes.
 *
 * While a request is open nothing comes below it, not even the next request: nothing pushes out of sight, or passes for, what an answer is for (I-23).
 */
import type { SessionState } from "@holdfast/client";
import {
  fileLabel,
  isOwnWorkPart,
  isTerminal,
  type Message,
  type Permission,
  type Question,
  type SessionEvent,
  type Turn,
} from "@holdfast/protocol";
import { requestText } from "./ask-permission.ts";
import { isQuestion, lastEndedTurn, oldestAsked } from "./attach-state.ts";
import { exactLine, oneLine, type Output } from "./output.ts";
import { questionText } from "./question-text.ts";
import { OWN_WORK } from "./transcript.ts";
import { changedText, endText, TurnText } from "./turn-text.ts";

export class TranscriptPrinter {
  readonly #output: Output;
  readonly #text: TurnText;
  /** Ordinal of the first message to show; undefined until `begin`. */
  #from: number | undefined;
  readonly #askedBy = new Set<string>();
  readonly #ended = new Set<string>();
  readonly #open = new Map<string, Permission | Question>();

  constructor(output: Output) {
    this.#output = output;
    this.#text = new TurnText(output);
  }

  /** Shows the last `count` messages of the state; what ended before is not told, save how the last turn ended. */
  begin(state: SessionState, count: number): void {
    const first = state.messages.at(-Math.max(count, 1))?.info.ordinal ?? 0;
    this.#from = count === 0 ? (state.messages.at(-1)?.info.ordinal ?? -1) + 1 : first;
    const ended = Object.values(state.turns).filter((turn) => isTerminal(turn.state));
    for (const turn of ended) this.#ended.add(turn.id);
    this.refresh(state);
    const last = lastEndedTurn(state);
    if (last !== undefined && last.state !== "completed") this.#tellEnd(last, state);
  }

  /** Shows everything in the state that was not shown yet, in its order; while somebody is asked, nothing. */
  refresh(state: SessionState): void {
    if (this.#from === undefined) return;
    for (const id of this.#open.keys())
      if (!(id in state.permissions) && !(id in state.questions)) this.#answered(id, undefined);
    if (this.#open.size > 0) return;
    const last = new Map(state.messages.map(({ info }, index) => [info.turnId as string, index]));
    for (const [index, message] of state.messages.entries()) {
      this.#message(message);
      const turn = state.turns[message.info.turnId];
      if (turn !== undefined && last.get(turn.id) === index) this.#turn(turn, state);
    }
    for (const turn of Object.values(state.turns)) this.#turn(turn, state);
    this.#ask(oldestAsked(state));
  }

  /** Shows what one event changed. */
  event(event: SessionEvent, state: SessionState): void {
    if (this.#from === undefined) return;
    if (this.#open.size > 0) {
      const { data } = event;
      const asked = "permission" in data ? data.permission : "question" in data ? data.question : undefined;
      if (asked !== undefined && asked.state !== "pending") this.#answered(asked.id, asked);
      return this.refresh(state);
    }
    const id = messageIdOf(event);
    const message = id === undefined ? undefined : state.messages.findLast(({ info }) => info.id === id);
    if (message !== undefined) this.#message(message);
    if ("turn" in event.data) this.#turn(event.data.turn, state);
    this.#ask(oldestAsked(state));
  }

  /** Ends a line that is open. */
  end(): void {
    this.#text.end();
  }

  #message({ info, parts }: Message): void {
    if (info.ordinal === undefined || info.ordinal < (this.#from ?? 0)) return;
    if (info.role === "assistant") {
      for (const part of parts) this.#text.part(part);
      return;
    }
    if (this.#askedBy.has(info.id) || parts.length === 0) return;
    this.#askedBy.add(info.id);
    this.#text.end();
    const lines = parts.flatMap((part) => {
      if (part.type === "text") return part.synthetic === true ? [] : part.text.split("\n");
      if (part.type === "agent") return [`[agent ${oneLine(part.name, 120)}]`];
      return part.type === "file" ? [`[file ${oneLine(fileLabel(part), 120)}]`] : [];
    });
    if (parts.some(isOwnWorkPart)) this.#output.note(this.#output.err.dim(OWN_WORK));
    if (lines.length > 0) this.#output.write(`\n${lines.map((line) => `> ${line}\n`).join("")}`);
  }

  #turn(turn: Turn, state: SessionState): void {
    if (!isTerminal(turn.state) || this.#ended.has(turn.id)) return;
    this.#ended.add(turn.id);
    this.#tellEnd(turn, state);
  }

  #tellEnd(turn: Turn, { messages }: SessionState): void {
    this.#text.end();
    const { err } = this.#output;
    const bad = endText(turn);
    if (bad !== undefined) this.#output.note(turn.state === "failed" ? err.red(bad) : err.yellow(bad));
    else if (turn.mergedInto !== undefined) this.#output.note(err.dim("Given to the running turn."));
    else this.#output.note(err.dim("The turn completed."));
    const changed = changedText(turn, messages);
    if (changed !== undefined) this.#output.note(err.dim(changed));
  }

  #ask(asked: Permission | Question | undefined): void {
    if (asked === undefined) return;
    this.#open.set(asked.id, asked);
    this.#text.end();
    const text = isQuestion(asked) ? questionText : requestText;
    this.#output.note(text(asked as Permission & Question, this.#output.err));
  }

  /** `ended` is undefined when nobody told how it ended. */
  #answered(id: string, ended: Permission | Question | undefined): void {
    const asked = this.#open.get(id);
    if (asked === undefined) return;
    this.#open.delete(id);
    this.#text.end();
    const { err } = this.#output;
    const title = exactLine(isQuestion(asked) ? asked.message : asked.title, 120);
    this.#output.note(`${endOf(ended, err)}: ${title}`);
  }
}

function endOf(ended: Permission | Question | undefined, err: Output["err"]): string {
  if (ended?.state === "expired") return `${err.red("✗")} ${UNANSWERED[ended.expiry ?? "deadline"]}`;
  if (ended === undefined) return `${err.dim("•")} Answered`;
  if (isQuestion(ended)) {
    const action = ended.answer?.action;
    if (action === "accept") return `${err.green("✓")} Answered`;
    return `${err.red("✗")} ${action === "cancel" ? "Cancelled" : "Declined"}`;
  }
  if (ended.reply === "reject") return `${err.red("✗")} Rejected`;
  return `${err.green("✓")} Allowed${ended.reply === "always" ? " always" : ""}`;
}

const UNANSWERED: Record<NonNullable<Question["expiry"]>, string> = {
  deadline: "Nobody answered",
  turnEnded: "The turn ended before anybody answered",
  withdrawn: "Not asked any more",
};

function messageIdOf(event: SessionEvent): string | undefined {
  switch (event.type) {
    case "message.updated":
      return event.data.message.id;
    case "message.part.delta":
      return event.data.messageId;
    case "message.part.updated":
      return event.data.part.messageId;
    default:
      return undefined;
  }
}
