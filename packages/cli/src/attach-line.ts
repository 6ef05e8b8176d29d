import type { Delivery, PermissionReply } from "@holdfast/protocol";
import { ANSWERS } from "./ask-permission.ts";

/** What a line that somebody typed in `attach` asks for. */
export type LineAction =
  | { kind: "nothing" }
  | { kind: "message"; text: string; delivery: Delivery }
  | { kind: "reply"; reply: PermissionReply; message?: string }
  /** A line of an answer to a question, as an answer sheet takes it. */
  | { kind: "fill"; line: string }
  | { kind: "remove"; place: number }
  | { kind: "stop" | "queue" | "resume" | "continue" | "leave" | "help" }
  | { kind: "refused"; why: string };

/** What `/help` says, and what Tab completes. */
export const LINE_COMMANDS: readonly (readonly [string, string])[] = [
  ["/once [message]", "allow what the agent asks for, this time"],
  ["/always [message]", "allow it, and what is like it, from now on"],
  ["/reject [message]", "do not allow it"],
  ["/answer [value]", "answer a question, field by field; an empty value takes what is proposed"],
  ["/decline", "say no to a question"],
  ["/cancel", "say that nobody decides a question"],
  ["/send <message>", "send a message that looks like an answer or a command"],
  ["/steer <message>", "give the message at the agent's next step, not after its turn"],
  ["/stop", "stop the turn, as Ctrl-C does"],
  ["/queue", "show what waits"],
  ["/remove <number>", "take a message out of the queue"],
  ["/resume", "let a paused queue go on, or send what waits for a usage limit all the same"],
  ["/continue", "go on after a turn that was interrupted or ended at a usage limit"],
  ["/leave", "leave; that stops nothing"],
  ["/help", "this"],
];

const BARE = ["stop", "queue", "resume", "continue", "leave", "help"] as const;

/** How long a question is shown before anything that is typed counts, in ms: what was being typed was not meant for it. */
const INERT_MS = 500;

/** What is asked where a line is typed, and for how many ms it had stood there. */
export type AskedLine = { what: "permission" | "question"; forMs: number };

/**
 * Reads one line. `asked`: it was typed at a permission request or a question; then a bare answer counts.
 * A command of the agent's own (`agentCommands`, without the slash) is a message.
 */
export function readLine(
  line: string,
  asked: AskedLine | undefined,
  agentCommands: readonly string[] = [],
): LineAction {
  const text = line.trim();
  const isFilling = asked?.what === "question";
  if (text === "" && !isFilling) return { kind: "nothing" };
  if (asked !== undefined && asked.forMs < INERT_MS)
    return { kind: "refused", why: `A question came up just now; look at it first. Not sent: ${text}` };
  const [, word = "", rest = ""] = /^(\S+)\s*(.*)$/s.exec(text) ?? [];
  if (text.startsWith("/"))
    return (
      readCommand(word.slice(1), rest) ??
      (isFilling ? noAnswer(word) : otherCommand(text, word, agentCommands))
    );
  if (isFilling) return { kind: "fill", line: text };
  return asked === undefined ? { kind: "message", text, delivery: "queue" } : readAnswer(word, rest);
}

function readCommand(name: string, rest: string): LineAction | undefined {
  if (name === "once" || name === "always" || name === "reject") return replyOf(name, rest);
  if (name === "answer") return { kind: "fill", line: rest };
  if (name === "decline" || name === "cancel")
    return rest === ""
      ? { kind: "fill", line: `/${name}` }
      : { kind: "refused", why: `/${name} takes nothing else.` };
  if (name === "send" || name === "steer") {
    return rest === ""
      ? { kind: "refused", why: `/${name} needs a message.` }
      : { kind: "message", text: rest, delivery: name === "steer" ? "steer" : "queue" };
  }
  if (name === "remove") {
    return /^[1-9]\d{0,3}$/.test(rest)
      ? { kind: "remove", place: Number(rest) }
      : { kind: "refused", why: "/remove needs a number from /queue." };
  }
  const kind = BARE.find((known) => known === name);
  if (kind === undefined) return undefined;
  return rest === "" ? { kind } : { kind: "refused", why: `/${kind} takes nothing else.` };
}

/** A slip must not become an approval: only a lone word approves; what follows a rejection is its reason. */
function readAnswer(word: string, rest: string): LineAction {
  const reply = ANSWERS[word.toLowerCase()];
  const isClear = reply !== undefined && (rest === "" || reply === "reject");
  if (isClear) return replyOf(reply, rest);
  return { kind: "refused", why: "Answer o, a or r, or /send and a message." };
}

function replyOf(reply: PermissionReply, rest: string): LineAction {
  return rest === "" ? { kind: "reply", reply } : { kind: "reply", reply, message: rest };
}

const noAnswer = (word: string): LineAction => ({
  kind: "refused",
  why: `There is no ${word} here; /answer ${word} answers with it.`,
});

function otherCommand(text: string, word: string, agentCommands: readonly string[]): LineAction {
  if (agentCommands.includes(word.slice(1))) return { kind: "message", text, delivery: "queue" };
  return {
    kind: "refused",
    why: `There is no ${word} here; /help tells what there is, /send ${word} sends it as it is.`,
  };
}
