/**
 * The language of the rehearsal agent: lines that begin with a word, obeyed in order (interfaces, section 0).
 *
 * Pure and total: every text parses, and what is no directive becomes `echo`, what is a malformed one `invalid`.
 * Text inside `<tag>...</tag>` blocks is ignored, except that a REMEMBER there is obeyed silently.
 */
import type { ElicitationSchema } from "@agentclientprotocol/sdk";
import { parseFields } from "./ask-form.ts";
import { splitContextBlocks } from "./context-blocks.ts";

/** What the model's provider is said to have answered: `headers` and `body` stand in the error's data. */
export type Failure = {
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
};

export const ATTACHMENT_FORMS = ["image", "audio", "file", "link"] as const;
export type AttachmentForm = (typeof ATTACHMENT_FORMS)[number];

/** How the agent answers what is given into its running prompt; `silent`: not at all. */
const STEER_ANSWERS = ["injected", "required", "failed", "silent"] as const;
export type SteerAnswer = (typeof STEER_ANSWERS)[number];

/** One thing to do, in the order of the prompt's lines. Times are milliseconds, sizes bytes. */
export type Directive =
  | { readonly kind: "say"; readonly text: string }
  | { readonly kind: "later"; readonly text: string }
  | { readonly kind: "slow"; readonly words: number; readonly intervalMs: number }
  | { readonly kind: "think"; readonly text: string }
  | { readonly kind: "plan"; readonly entries: readonly string[] }
  | { readonly kind: "read"; readonly path: string }
  | { readonly kind: "write"; readonly path: string; readonly text: string }
  | { readonly kind: "bash"; readonly command: string }
  | { readonly kind: "output"; readonly bytes: number }
  | {
      readonly kind: "call";
      readonly server: string;
      readonly tool: string;
      readonly args: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: "attach"; readonly form: AttachmentForm; readonly text: string }
  | { readonly kind: "updates"; readonly count: number; readonly bytes: number }
  | { readonly kind: "spawn" }
  | { readonly kind: "ask"; readonly text: string }
  | { readonly kind: "askform"; readonly message: string; readonly schema: ElicitationSchema }
  | { readonly kind: "askurl"; readonly url: string; readonly message: string; readonly done: boolean }
  | { readonly kind: "remember"; readonly word: string; readonly silent: boolean }
  | { readonly kind: "recall" }
  | { readonly kind: "given" }
  | ({ readonly kind: "fail"; readonly status: number } & Failure)
  | { readonly kind: "retry"; readonly delayMs: number; readonly text: string }
  /** The text is a summary that takes the place of what the agent knew. */
  | { readonly kind: "compact"; readonly text: string }
  | { readonly kind: "steer"; readonly answer: SteerAnswer; readonly text: string }
  | { readonly kind: "wake"; readonly on: string; readonly work: readonly Directive[] }
  | { readonly kind: "hang" }
  | { readonly kind: "deaf" }
  | { readonly kind: "crash" }
  | { readonly kind: "echo"; readonly text: string }
  | { readonly kind: "invalid"; readonly line: string; readonly reason: string };

/** Most words of one SLOW, its longest interval, most bytes of one OUTPUT, most updates of one UPDATES; more is an `invalid` directive. */
export const MAX_SLOW_WORDS = 1_000_000;
export const MAX_SLOW_INTERVAL_MS = 600_000;
export const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

export const MAX_UPDATES = 1_000_000;
/** Most bytes of one update, and how many it has unless told. */
export const MAX_UPDATE_BYTES = 64 * 1024;
const DEFAULT_UPDATE_BYTES = 64;

/** Longest wait that a RETRY or a LIMIT tells, in ms: a day. */
export const MAX_RETRY_MS = 86_400_000;
const DEFAULT_RETRY_TEXT = "overloaded";
const DEFAULT_SUMMARY = "what was said before, in short";
const DEFAULT_LIMIT_TEXT = "usage limit reached";

const DEFAULT_FAIL_STATUS = 500;
const TOO_MANY_REQUESTS = 429;
const DEFAULT_FAIL_TEXT = "the rehearsal agent failed because it was told to";

/** What the agent can do, in one line; the hint that follows an echo. */
export const DIRECTIVE_HINT =
  "I obey lines that begin with SAY, LATER, SLOW, THINK, PLAN, READ, WRITE, BASH, CALL, OUTPUT, ATTACH, UPDATES, SPAWN, ASK, ASKFORM, ASKURL, REMEMBER, RECALL, GIVEN, FAIL, LIMIT, RETRY, COMPACT, STEER, WAKE, HANG, DEAF or CRASH.";

type Parse = (rest: string) => Directive;

/** Parses one prompt. Consecutive lines that are no directive become one `echo`; blank lines between directives are nothing. */
export function parseDirectives(prompt: string): Directive[] {
  const directives: Directive[] = [];
  for (const span of splitContextBlocks(prompt)) {
    if (span.inside) {
      directives.push(...rememberedInside(span.text));
      continue;
    }
    for (const line of span.text.split(/\r?\n/)) {
      const parsed = parseLine(line);
      if (parsed) append(directives, parsed);
    }
  }
  return directives.map((directive) =>
    directive.kind === "echo" ? { kind: "echo", text: directive.text.trimEnd() } : directive,
  );
}

function append(directives: Directive[], next: Directive): void {
  const last = directives.at(-1);
  if (next.kind === "echo" && last?.kind === "echo") {
    directives[directives.length - 1] = { kind: "echo", text: `${last.text}\n${next.text}` };
  } else {
    directives.push(next);
  }
}

/** Inside a block the word may follow other words on its line: a handoff may say first who spoke. */
function rememberedInside(text: string): Directive[] {
  return [...text.matchAll(/(?:^|\s)REMEMBER[ \t]+(\S+)/g)].map(([, word = ""]) => ({
    kind: "remember",
    word,
    silent: true,
  }));
}

function parseLine(line: string): Directive | undefined {
  if (line.trim() === "") return undefined;
  const [, word = "", rest = ""] = /^([A-Z]+)(?:[ \t]+(.*))?$/su.exec(line) ?? [];
  const parse = Object.hasOwn(PARSERS, word) ? PARSERS[word] : undefined;
  if (!parse) return { kind: "echo", text: line };
  const parsed = parse(rest);
  return parsed.kind === "invalid" ? { ...parsed, line } : parsed;
}

/** The line is filled in by `parseLine`, which knows it. */
function invalid(reason: string): Directive {
  return { kind: "invalid", line: "", reason };
}

const PARSERS: Readonly<Record<string, Parse>> = {
  SAY: (rest) => ({ kind: "say", text: rest }),
  LATER: (rest) => ({ kind: "later", text: rest }),
  SLOW: parseSlow,
  THINK: (rest) => ({ kind: "think", text: rest }),
  PLAN: parsePlan,
  READ: parseRead,
  WRITE: parseWrite,
  BASH: (rest) => (rest.trim() === "" ? invalid("BASH needs a <command>") : { kind: "bash", command: rest }),
  CALL: parseCall,
  OUTPUT: parseOutput,
  ATTACH: parseAttach,
  UPDATES: parseUpdates,
  SPAWN: () => ({ kind: "spawn" }),
  ASK: (rest) => ({ kind: "ask", text: rest.trim() === "" ? "May I go on?" : rest }),
  ASKFORM: parseAskForm,
  ASKURL: parseAskUrl,
  REMEMBER: parseRemember,
  RECALL: () => ({ kind: "recall" }),
  GIVEN: () => ({ kind: "given" }),
  FAIL: parseFail,
  LIMIT: parseLimit,
  RETRY: parseRetry,
  COMPACT: (rest) => ({ kind: "compact", text: rest.trim() === "" ? DEFAULT_SUMMARY : rest }),
  STEER: parseSteer,
  WAKE: parseWake,
  HANG: () => ({ kind: "hang" }),
  DEAF: () => ({ kind: "deaf" }),
  CRASH: () => ({ kind: "crash" }),
};

function parseSlow(rest: string): Directive {
  const [words, intervalMs, ...more] = rest.trim().split(/\s+/).map(wholeNumber);
  if (words === undefined || intervalMs === undefined || more.length > 0)
    return invalid("SLOW needs <words> <ms>");
  if (words > MAX_SLOW_WORDS || intervalMs > MAX_SLOW_INTERVAL_MS) {
    return invalid(`SLOW takes at most ${MAX_SLOW_WORDS} words and ${MAX_SLOW_INTERVAL_MS} ms`);
  }
  return { kind: "slow", words, intervalMs };
}

function parsePlan(rest: string): Directive {
  const entries = rest
    .split("|")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
  return entries.length === 0 ? invalid("PLAN needs <step> | <step> ...") : { kind: "plan", entries };
}

function parseRead(rest: string): Directive {
  const quoted = /^"([^"]+)"\s*$/u.exec(rest);
  const path = quoted?.[1] ?? rest.trim();
  return path === "" ? invalid("READ needs a <path>") : { kind: "read", path };
}

function parseWrite(rest: string): Directive {
  const match = /^(?:"([^"]+)"|(\S+))(?:[ \t](.*))?$/su.exec(rest);
  const path = match?.[1] ?? match?.[2];
  return path === undefined
    ? invalid("WRITE needs a <path> and a <text>")
    : { kind: "write", path, text: match?.[3] ?? "" };
}

function parseCall(rest: string): Directive {
  const [, server, tool, words] = /^(\S+?)__(\S+)(?:\s+(.*))?$/su.exec(rest.trim()) ?? [];
  const args = jsonObject(words ?? "{}");
  return server === undefined || tool === undefined || args === undefined
    ? invalid("CALL needs <server>__<tool>, and may have the arguments as JSON")
    : { kind: "call", server, tool, args };
}

function parseOutput(rest: string): Directive {
  const bytes = wholeNumber(rest.trim());
  if (bytes === undefined) return invalid("OUTPUT needs a number of <bytes>");
  return bytes > MAX_OUTPUT_BYTES
    ? invalid(`OUTPUT takes at most ${MAX_OUTPUT_BYTES} bytes`)
    : { kind: "output", bytes };
}

function parseAttach(rest: string): Directive {
  const [, word, text] = /^(\S+)[ \t]+(\S.*)$/su.exec(rest) ?? [];
  const form = ATTACHMENT_FORMS.find((each) => each === word);
  return form === undefined || text === undefined
    ? invalid(`ATTACH needs ${ATTACHMENT_FORMS.join(", ")} and a <text>`)
    : { kind: "attach", form, text };
}

function parseUpdates(rest: string): Directive {
  const words = rest.trim().split(/\s+/);
  const [count, bytes] = [...words, String(DEFAULT_UPDATE_BYTES)].map(wholeNumber);
  if (count === undefined || count === 0 || bytes === undefined || words.length > 2)
    return invalid("UPDATES needs a <count>, and may have <bytes>");
  return count > MAX_UPDATES || bytes > MAX_UPDATE_BYTES
    ? invalid(`UPDATES takes at most ${MAX_UPDATES} updates of ${MAX_UPDATE_BYTES} bytes`)
    : { kind: "updates", count, bytes };
}

function parseAskForm(rest: string): Directive {
  const [message = "", ...fields] = rest.split("|").map((each) => each.trim());
  const schema = parseFields(fields);
  if (message === "" || fields.length === 0 || typeof schema === "string")
    return invalid(
      `ASKFORM needs <message> | <name>: <type> ...${typeof schema === "string" ? `; ${schema}` : ""}`,
    );
  return { kind: "askform", message, schema };
}

function parseAskUrl(rest: string): Directive {
  const [, url, message] = /^(\S+)(?:[ \t]+(.*))?$/su.exec(rest.trim()) ?? [];
  if (url === undefined) return invalid("ASKURL needs a <url>, and may have a <message>");
  return { kind: "askurl", url, message: message ?? "Please visit this page.", done: message === "DONE" };
}

function parseRemember(rest: string): Directive {
  const word = rest.trim().split(/\s+/)[0] ?? "";
  return word === "" ? invalid("REMEMBER needs a <word>") : { kind: "remember", word, silent: false };
}

function parseFail(rest: string): Directive {
  const words = rest.trim();
  const status = /^[1-5]\d\d(?=\s|$)/.exec(words)?.[0];
  const text = status === undefined ? words : words.slice(status.length).trim();
  const failure = failureDetails(text) ?? { text };
  return {
    kind: "fail",
    status: status === undefined ? DEFAULT_FAIL_STATUS : Number(status),
    ...failure,
    text: failure.text === "" ? DEFAULT_FAIL_TEXT : failure.text,
  };
}

/** `{"text", "headers", "body"}` in the place of the text. */
function failureDetails(text: string): Failure | undefined {
  const told = jsonObject(text);
  if (told === undefined) return undefined;
  const { text: said, headers, body } = told;
  return {
    text: typeof said === "string" ? said : "",
    ...(typeof headers === "object" && headers !== null
      ? { headers: headers as Record<string, string> }
      : {}),
    ...(body === undefined ? {} : { body }),
  };
}

function jsonObject(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** A failure as providers tell of a usage limit: with the time until it is over. */
function parseLimit(rest: string): Directive {
  const wait = parseWait("LIMIT", rest);
  if (typeof wait === "string") return invalid(wait);
  const headers = { "retry-after-ms": String(wait.ms) };
  return { kind: "fail", status: TOO_MANY_REQUESTS, text: wait.text || DEFAULT_LIMIT_TEXT, headers };
}

function parseRetry(rest: string): Directive {
  const wait = parseWait("RETRY", rest);
  if (typeof wait === "string") return invalid(wait);
  return { kind: "retry", delayMs: wait.ms, text: wait.text || DEFAULT_RETRY_TEXT };
}

/** `<ms> [text]`, or what is wrong with it. */
function parseWait(word: string, rest: string): { ms: number; text: string } | string {
  const [, digits = "", text = ""] = /^(\S+)(?:\s+(.*))?$/su.exec(rest.trim()) ?? [];
  const ms = wholeNumber(digits);
  if (ms === undefined) return `${word} needs <ms>, and may have a <text>`;
  return ms > MAX_RETRY_MS ? `${word} takes at most ${MAX_RETRY_MS} ms` : { ms, text };
}

function parseSteer(rest: string): Directive {
  const [, word = "", text = ""] = /^(\S*)(?:\s+(.*))?$/su.exec(rest.trim()) ?? [];
  const answer = STEER_ANSWERS.find((each) => each === word);
  return answer === undefined
    ? invalid(`STEER needs ${STEER_ANSWERS.join(", ")}, and may have a <text>`)
    : { kind: "steer", answer, text };
}

/** What the agent does by itself is directives too, with ` ; ` between them. */
function parseWake(rest: string): Directive {
  const [, on, work] = /^(\S+)[ \t]+(\S.*)$/su.exec(rest.trim()) ?? [];
  return on === undefined || work === undefined
    ? invalid("WAKE needs now, next or the <path> of a file, and then directives with ; between them")
    : { kind: "wake", on, work: parseDirectives(work.replaceAll(" ; ", "\n")) };
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
