import { sentTexts } from "./conversation.ts";
import type { Conversation } from "./conversation.ts";
import { recall } from "./directives.ts";
import type { Directive, Failure } from "./directives.ts";
import { toolCall } from "./tools.ts";
import type { ToolCall } from "./tools.ts";
import type { Usage } from "./usage.ts";

/** One thing that the model does while it answers, in order. A `fail` before any text is an HTTP status. */
export type Beat =
  | { kind: "reasoning" | "text"; text: string }
  | { kind: "pause"; ms: number }
  | ({ kind: "call" } & ToolCall)
  | { kind: "pieces"; count: number; pauseMs: number }
  | { kind: "end"; reason: string }
  | { kind: "usage"; usage: Usage }
  | { kind: "cut" }
  | ({ kind: "fail" } & Failure)
  | { kind: "hang" }
  | { kind: "crash" };

const HINT =
  "I obey lines such as SAY, LATER, SLOW, THINK, PLAN, READ, WRITE, BASH, OUTPUT, ASK, REMEMBER, RECALL, FAIL, HANG and CRASH.";

/** What the model does for one answer of a script, directive by directive. */
export function* beatsOf(directives: readonly Directive[], conversation: Conversation): Generator<Beat> {
  let said = false;
  for (const directive of directives) {
    for (const beat of beatsOfOne(directive, conversation)) {
      // Several text directives of one answer stand on lines of their own.
      if (beat.kind === "text" && said) yield { kind: "text", text: "\n" };
      said = false;
      yield beat;
    }
    said = textKinds.has(directive.kind);
  }
  if (directives.every((directive) => directive.kind === "think")) yield { kind: "text", text: "Done." };
}

const textKinds = new Set<Directive["kind"]>(["say", "slow", "plan", "remember", "recall", "echo"]);

function beatsOfOne(directive: Directive, conversation: Conversation): Iterable<Beat> {
  switch (directive.kind) {
    case "say":
    case "later":
      return [text(directive.text)];
    case "slow":
      return slowBeats(directive.words, directive.pauseMs);
    case "think":
      return words(directive.text).map((word) => ({ kind: "reasoning", text: word }));
    case "plan":
      return [text(["Plan:", ...directive.steps.map((step, index) => `${index + 1}. ${step}`)].join("\n"))];
    case "remember":
      return [text(`I will remember ${directive.word}.`)];
    case "recall":
      return [text(recalled(conversation))];
    case "echo":
      return [text(directive.text === "" ? HINT : `You said: ${directive.text}\n${HINT}`)];
    case "pieces":
    case "usage":
    case "cut":
    case "end":
    case "fail":
    case "hang":
    case "crash":
      return [directive];
    default: {
      const call = toolCall(directive, conversation);
      return [
        call === undefined ? text(`No tool for ${directive.kind} was offered.`) : { kind: "call", ...call },
      ];
    }
  }
}

function text(said: string): Beat {
  return { kind: "text", text: said };
}

function recalled(conversation: Conversation): string {
  const word = recall(sentTexts(conversation));
  return word === undefined ? "I remember nothing." : `You asked me to remember ${word}.`;
}

function* slowBeats(count: number, pauseMs: number): Generator<Beat> {
  for (let number = 1; number <= count; number++) {
    yield { kind: "text", text: number === 1 ? "w1" : ` w${number}` };
    if (pauseMs > 0 && number < count) yield { kind: "pause", ms: pauseMs };
  }
}

function words(text: string): string[] {
  return text.match(/\s*\S+/g) ?? [];
}
