/** How opencode holds an approval mode: rules on its session, where the last one that matches decides. */
import type { ApprovalMode } from "@holdfast/protocol";
import { object, objects, text } from "./json.ts";

export type Rule = { permission: string; pattern: string; action: "allow" | "deny" | "ask" };

/** Tools that change nothing and stay inside the project. */
const HARMLESS = ["glob", "grep", "list", "todowrite", "todoread", "lsp"];

const rule = (permission: string, action: Rule["action"], pattern = "*"): Rule => ({
  permission,
  pattern,
  action,
});

/** Asking is the rule; what changes nothing may pass, save files that hold secrets. */
const BASE: readonly Rule[] = [
  rule("*", "ask"),
  ...HARMLESS.map((permission) => rule(permission, "allow")),
  rule("read", "allow"),
  rule("read", "ask", "*.env"),
  rule("read", "ask", "*.env.*"),
  rule("read", "allow", "*.env.example"),
];

const OF_MODE: Record<ApprovalMode, readonly Rule[]> = {
  ask: BASE,
  edits: [...BASE, rule("edit", "allow")],
  all: [rule("*", "allow")],
  readOnly: [...BASE, rule("edit", "deny"), rule("bash", "deny")],
};

/**
 * The value of `OPENCODE_PERMISSION`: what sessions ask that we did not open ourselves, which are those of subagents. Their questions reach us
 * too, and our own ladder answers by the mode.
 */
export const PERMISSION_VARIABLE: string = JSON.stringify(
  Object.fromEntries(
    BASE.filter(({ pattern }) => pattern === "*").map((each) => [each.permission, each.action]),
  ),
);

/** The rules of a session in `mode`: ours, the outside places that may be read anyway, then what the user's own configuration denies. */
export function sessionRules(mode: ApprovalMode, agentRules: readonly Rule[]): Rule[] {
  const places = agentRules.filter(
    ({ permission, pattern, action }) =>
      permission === "external_directory" && pattern !== "*" && action === "allow",
  );
  return [...OF_MODE[mode], ...places, ...denials(agentRules)];
}

/** Whether the last rules of a session are these. */
export function endsWith(rules: readonly Rule[], tail: readonly Rule[]): boolean {
  return rules.length >= tail.length && JSON.stringify(rules.slice(-tail.length)) === JSON.stringify(tail);
}

/** What an agent's own rules deny and no later rule of theirs lifts; our own base, which stands behind them, lifts nothing. */
function denials(rules: readonly Rule[]): Rule[] {
  return rules.filter((each, index) => {
    if (each.action !== "deny") return false;
    return !rules.slice(index + 1).some((later) => covers(later, each) && !isBase(later));
  });
}

function covers(later: Rule, earlier: Rule): boolean {
  const isSame = (one: string, other: string) => one === "*" || one === other;
  return (
    later.action !== "deny" &&
    isSame(later.permission, earlier.permission) &&
    isSame(later.pattern, earlier.pattern)
  );
}

function isBase(each: Rule): boolean {
  return BASE.some(
    ({ permission, pattern, action }) =>
      permission === each.permission && pattern === each.pattern && action === each.action,
  );
}

/** Reads rules as opencode shows them. */
export function rulesOf(value: unknown): Rule[] {
  return objects(value).flatMap((each) => {
    const { permission, pattern, action } = object(each);
    const isKnown = action === "allow" || action === "deny" || action === "ask";
    if (text(permission) === undefined || text(pattern) === undefined || !isKnown) return [];
    return [{ permission: String(permission), pattern: String(pattern), action }];
  });
}
