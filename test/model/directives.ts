/*
 * The script language of the tests (interfaces.md section 0): lines that begin with a word, in order.
 * Text inside `<tag>...</tag>` blocks that open a line belongs to the agent (its context, reminders, a handoff) and is
 * not script; only REMEMBER lines in it count, for RECALL. With a line `#turn <n>`, what stands before the last one is
 * ignored, because real agents merge a failed message with the next.
 */

import { readUsage, type Usage } from "./usage.ts";

/** What a provider answers instead: status and text, and where they are told, headers and a body (JSON, or text as it is). */
export type Failure = { status: number; text: string; headers?: Record<string, string>; body?: unknown };

/** One line of a script. `think` never stands alone: it opens the answer that follows it. */
export type Directive =
  | { kind: "say"; text: string }
  /** What is said to the next request, which may be a message without a script of its own. */
  | { kind: "later"; text: string }
  | { kind: "slow"; words: number; pauseMs: number }
  | { kind: "think"; text: string }
  | { kind: "plan"; steps: string[] }
  | { kind: "remember"; word: string }
  | { kind: "recall" }
  | { kind: "echo"; text: string }
  | { kind: "read"; path: string }
  | { kind: "write"; path: string; text: string }
  | { kind: "bash"; command: string }
  | { kind: "output"; bytes: number }
  | { kind: "spawn" }
  | { kind: "ask"; text: string }
  | { kind: "call"; tool: string; args: Record<string, unknown> }
  /** One more call in the answer of the call before. */
  | { kind: "also"; tool: string; args: Record<string, unknown> }
  /** A call whose arguments are this text as it is: broken JSON. */
  | { kind: "broken"; tool: string; text: string }
  /** Into how many pieces the arguments of this answer's calls are cut, and how long the model waits between them. */
  | { kind: "pieces"; count: number; pauseMs: number }
  /** Why the provider says that the answer ended: `length` and `content_filter` in the words of each format, anything else as it is. */
  | { kind: "end"; reason: string }
  /** What this answer is said to have used. */
  | { kind: "usage"; usage: Usage }
  /** The stream ends here as if all had been said. */
  | { kind: "cut" }
  | ({ kind: "fail" } & Failure)
  | { kind: "hang" }
  | { kind: "crash" };

/** Most words of one SLOW. */
export const MAX_SLOW_WORDS = 100_000;
/** Longest pause between two words of a SLOW, in ms. */
export const MAX_SLOW_PAUSE_MS = 60_000;
/** Most pieces of one PIECES. */
export const MAX_PIECES = 1_000;
/** Most bytes of one OUTPUT. */
export const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
/** Most of an unscripted message that is echoed, in UTF-16 code units. */
const MAX_ECHO = 400;

type Parse = (rest: string) => Directive | undefined;

const parsers: Record<string, Parse> = {
  SAY: (text) => ({ kind: "say", text }),
  LATER: (text) => ({ kind: "later", text }),
  SLOW: (rest) => {
    const [words, pauseMs, ...more] = rest.split(/\s+/).map(Number);
    if (!inRange(words, 0, MAX_SLOW_WORDS) || !inRange(pauseMs, 0, MAX_SLOW_PAUSE_MS) || more.length > 0)
      return undefined;
    return { kind: "slow", words, pauseMs };
  },
  THINK: (text) => ({ kind: "think", text }),
  PLAN: (rest) => ({ kind: "plan", steps: rest.split("|").map((step) => step.trim()) }),
  REMEMBER: (word) => (word === "" ? undefined : { kind: "remember", word: firstWord(word) }),
  RECALL: () => ({ kind: "recall" }),
  READ: (path) => (path === "" ? undefined : { kind: "read", path }),
  WRITE: (rest) => {
    const path = firstWord(rest);
    return path === "" ? undefined : { kind: "write", path, text: rest.slice(path.length + 1) };
  },
  BASH: (command) => (command === "" ? undefined : { kind: "bash", command }),
  OUTPUT: (rest) =>
    inRange(Number(rest), 1, MAX_OUTPUT_BYTES) ? { kind: "output", bytes: Number(rest) } : undefined,
  SPAWN: () => ({ kind: "spawn" }),
  ASK: (text) => ({ kind: "ask", text }),
  CALL: (rest) => parseCall("call", rest),
  ALSO: (rest) => parseCall("also", rest),
  BROKEN: (rest) => {
    const tool = firstWord(rest);
    return tool === "" ? undefined : { kind: "broken", tool, text: rest.slice(tool.length + 1) };
  },
  PIECES: (rest) => {
    const [count, pauseMs = 0, ...more] = rest.split(/\s+/).map(Number);
    if (!inRange(count, 1, MAX_PIECES) || !inRange(pauseMs, 0, MAX_SLOW_PAUSE_MS) || more.length > 0)
      return undefined;
    return { kind: "pieces", count, pauseMs };
  },
  USAGE: (rest) => {
    const usage = readUsage(jsonObject(rest));
    return usage === undefined ? undefined : { kind: "usage", usage };
  },
  CUT: () => ({ kind: "cut" }),
  FAIL: (rest) => {
    const status = /^[45]\d\d(?=\s|$)/.exec(rest)?.[0];
    const text = (status === undefined ? rest : rest.slice(status.length)).trim();
    return { kind: "fail", status: Number(status ?? 500), ...(failureDetails(text) ?? failureText(text)) };
  },
  END: (reason) => (reason === "" ? undefined : { kind: "end", reason: firstWord(reason) }),
  HANG: () => ({ kind: "hang" }),
  // A model cannot ignore a cancel: what it sees of one is that the client left, as with HANG.
  DEAF: () => ({ kind: "hang" }),
  CRASH: () => ({ kind: "crash" }),
};

function inRange(value: number | undefined, low: number, high: number): value is number {
  return value !== undefined && Number.isInteger(value) && value >= low && value <= high;
}

function firstWord(text: string): string {
  return /^\S*/.exec(text)?.[0] ?? "";
}

const failureText = (text: string) => ({ text: text === "" ? "the script failed this request" : text });

/** `{"text", "headers", "body"}` in the place of a FAIL's text. */
function failureDetails(text: string): Omit<Failure, "status"> | undefined {
  const told = jsonObject(text);
  if (told === undefined) return undefined;
  const { text: said, headers, body } = told;
  return {
    ...failureText(typeof said === "string" ? said : ""),
    ...(typeof headers === "object" && headers !== null
      ? { headers: headers as Record<string, string> }
      : {}),
    ...(body === undefined ? {} : { body }),
  };
}

function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function parseCall(kind: "call" | "also", rest: string): Directive | undefined {
  const tool = firstWord(rest);
  if (tool === "") return undefined;
  const args = jsonObject(rest.slice(tool.length).trim() || "{}");
  return args === undefined ? undefined : { kind, tool, args };
}

function parseLine(line: string): Directive | undefined {
  const word = /^[A-Z]+(?= |$)/.exec(line)?.[0];
  const parse = word === undefined ? undefined : parsers[word];
  return word === undefined ? undefined : parse?.(line.slice(word.length + 1).trim());
}

/** Splits a message into the text outside `<tag>` blocks and the blocks themselves. An unclosed tag is plain text. */
export function splitBlocks(text: string): { own: string; blocks: string[] } {
  const own: string[] = [];
  const blocks: string[] = [];
  const opening = /^[ \t]*<([A-Za-z][\w.-]*)(?:\s[^<>]*)?>/gm;
  let from = 0;
  for (let match = opening.exec(text); match !== null; match = opening.exec(text)) {
    const end = blockEnd(text, match.index, match[1] ?? "");
    if (end === undefined) continue;
    own.push(text.slice(from, match.index));
    blocks.push(text.slice(match.index, end));
    from = end;
    opening.lastIndex = end;
  }
  own.push(text.slice(from));
  return { own: own.join("\n"), blocks };
}

function blockEnd(text: string, start: number, tag: string): number | undefined {
  const edges = new RegExp(`<(/?)${tag.replaceAll(".", "\\.")}(?:\\s[^<>]*)?>`, "g");
  edges.lastIndex = start;
  let depth = 0;
  for (let edge = edges.exec(text); edge !== null; edge = edges.exec(text)) {
    depth += edge[1] === "/" ? -1 : 1;
    if (depth === 0) return edges.lastIndex;
  }
  return undefined;
}

/** True when a message has text outside `<tag>` blocks: the agents' own context messages have none. */
export function hasOwnText(text: string): boolean {
  return splitBlocks(text).own.trim() !== "";
}

/** Reads the script of one user message; a message without any directive is one `echo`. */
export function parseScript(text: string): Directive[] {
  const lines = splitBlocks(text).own.split(/\r?\n/);
  const marker = lines.findLastIndex((line) => /^#turn \d+\s*$/.test(line));
  const script = lines.slice(marker + 1);
  const directives = script.map(parseLine).filter((directive) => directive !== undefined);
  return directives.length > 0
    ? directives
    : [{ kind: "echo", text: script.join("\n").trim().slice(0, MAX_ECHO) }];
}

/** The last remembered word in user texts given oldest first; inside a block a REMEMBER may stand anywhere in its line. */
export function recall(userTexts: readonly string[]): string | undefined {
  for (const text of userTexts.toReversed()) {
    const { own, blocks } = splitBlocks(text);
    const word = lastMatch(own, /^REMEMBER (\S+)/gm) ?? lastMatch(blocks.join("\n"), /\bREMEMBER (\S+)/g);
    if (word !== undefined) return word;
  }
  return undefined;
}

function lastMatch(text: string, pattern: RegExp): string | undefined {
  return [...text.matchAll(pattern)].at(-1)?.[1];
}
