/**
 * Standing answers: an `always` is our own rule (agent, tool kind, pattern over command or path); the agent is never told about it.
 * What an agent asks about is literal text. A pattern is text in which `*` stands for anything and `\` takes the next character as it is,
 * so that "always" for the command `rm *.log` never covers another command.
 */
import { newId } from "@holdfast/kernel";
import type { Actor, Permission, PermissionRule, ProjectId } from "@holdfast/protocol";

type Asked = { agent: string; kind: string; tool: string; patterns: readonly string[] };

/** What a request is about: its commands or paths, or the tool when the agent named none. */
const subjectsOf = (asked: Pick<Asked, "tool" | "patterns">): readonly string[] =>
  asked.patterns.length > 0 ? asked.patterns : [asked.tool];

/** True when every subject of the request is covered by some rule of the same agent and kind. */
export function isCovered(rules: readonly PermissionRule[], asked: Asked): boolean {
  const own = rules.filter((rule) => rule.agent === asked.agent && rule.kind === asked.kind);
  return subjectsOf(asked).every((subject) => own.some((rule) => matchesPattern(rule.pattern, subject)));
}

/** The rules that an `always` on this request makes: one per subject, for the session. */
export function rulesOf(
  asked: Permission,
  made: { projectId: ProjectId; actor: Actor; now: number },
): PermissionRule[] {
  return [...new Set(subjectsOf(asked))].map((subject) => ({
    id: newId("rul", made.now),
    agent: asked.agent,
    kind: asked.kind,
    pattern: literalPattern(subject),
    scope: "session",
    sessionId: asked.sessionId,
    projectId: made.projectId,
    actor: made.actor,
    time: { created: made.now },
  }));
}

/** A pattern that matches exactly this text. */
export const literalPattern = (text: string): string => text.replace(/[\\*]/g, String.raw`\$&`);

/** Whole-text match in linear time per star: greedy with one point to come back to, so no pattern can make it slow. */
export function matchesPattern(pattern: string, text: string): boolean {
  const tokens = tokenize(pattern);
  let at = 0;
  let token = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    const expected = tokens[token];
    if (expected === ANY) {
      star = token;
      resume = at;
      token += 1;
    } else if (expected !== undefined && expected === text[at]) {
      token += 1;
      at += 1;
    } else if (star >= 0) {
      token = star + 1;
      resume += 1;
      at = resume;
    } else {
      return false;
    }
  }
  return tokens.slice(token).every((rest) => rest === ANY);
}

const ANY = Symbol("any");

function tokenize(pattern: string): (string | typeof ANY)[] {
  const tokens: (string | typeof ANY)[] = [];
  for (let index = 0; index < pattern.length; index += 1) {
    const unit = pattern.charAt(index);
    if (unit === "\\" && index + 1 < pattern.length) {
      index += 1;
      tokens.push(pattern.charAt(index));
    } else {
      tokens.push(unit === "*" ? ANY : unit);
    }
  }
  return tokens;
}
