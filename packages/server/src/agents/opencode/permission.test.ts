import type { ApprovalMode } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { permissionAskOf, wirePermission } from "./permission-ask.ts";
import { endsWith, PERMISSION_VARIABLE, rulesOf, sessionRules, type Rule } from "./permission-rules.ts";

describe("permission rules", () => {
  const rule = (permission: string, pattern: string, action: Rule["action"]): Rule => ({
    permission,
    pattern,
    action,
  });
  /** opencode's own: the last rule that matches decides. */
  const decide = (rules: readonly Rule[], permission: string, pattern: string) => {
    const fits = (glob: string, value: string) =>
      new RegExp(`^${glob.replaceAll(/[.+^$()|[\]\\?]/g, "\\$&").replaceAll("*", ".*")}$`).test(value);
    return rules.findLast((each) => fits(each.permission, permission) && fits(each.pattern, pattern))?.action;
  };

  const TABLE: Record<ApprovalMode, Record<string, Rule["action"]>> = {
    ask: {
      edit: "ask",
      bash: "ask",
      read: "allow",
      glob: "allow",
      task: "ask",
      mcp_tool: "ask",
      question: "ask",
    },
    edits: {
      edit: "allow",
      bash: "ask",
      read: "allow",
      glob: "allow",
      task: "ask",
      mcp_tool: "ask",
      question: "ask",
    },
    all: {
      edit: "allow",
      bash: "allow",
      read: "allow",
      glob: "allow",
      task: "allow",
      mcp_tool: "allow",
      question: "allow",
    },
    readOnly: {
      edit: "deny",
      bash: "deny",
      read: "allow",
      glob: "allow",
      task: "ask",
      mcp_tool: "ask",
      question: "ask",
    },
  };

  test.each(Object.entries(TABLE))("[A-20] in mode %s: %j", (mode, actions) => {
    const rules = sessionRules(mode as ApprovalMode, [rule("*", "*", "allow")]);
    const decided = Object.keys(actions).map((name) => [name, decide(rules, name, "src/main.ts")]);
    expect(Object.fromEntries(decided)).toEqual(actions);
    expect(decide(rules, "read", "app/.env")).toBe(mode === "all" ? "allow" : "ask");
    expect(decide(rules, "external_directory", "/etc/*")).toBe(mode === "all" ? "allow" : "ask");
  });

  test("[A-20] what the user's configuration denies stays denied, what it lifts again is not", () => {
    const agent = [
      rule("*", "*", "allow"),
      rule("question", "*", "deny"),
      rule("question", "*", "allow"),
      rule("bash", "rm *", "deny"),
      rule("webfetch", "*", "deny"),
      rule("external_directory", "/home/user/.local/share/opencode/tool-output/*", "allow"),
      rule("*", "*", "ask"),
    ];
    const rules = sessionRules("all", agent);
    expect(decide(rules, "bash", "rm -rf /")).toBe("deny");
    expect(decide(rules, "webfetch", "https://example.com")).toBe("deny");
    expect(decide(rules, "bash", "ls")).toBe("allow");
    const asking = sessionRules("ask", agent);
    expect(decide(asking, "question", "*")).toBe("ask");
    expect(decide(asking, "external_directory", "/home/user/.local/share/opencode/tool-output/x")).toBe(
      "allow",
    );
  });

  test("[A-20] subagents are told by the environment to ask", () => {
    expect(JSON.parse(PERMISSION_VARIABLE)).toMatchObject({ "*": "ask", read: "allow" });
    expect(JSON.parse(PERMISSION_VARIABLE)).not.toHaveProperty("question");
  });

  test("[A-20] only the last rules count as held", () => {
    const [a, b] = [rule("*", "*", "ask"), rule("edit", "*", "allow")];
    expect(endsWith([b, a], [a])).toBe(true);
    expect(endsWith([a, b], [a])).toBe(false);
    expect(endsWith([a], [a, b])).toBe(false);
    expect(rulesOf([a, { permission: 1 }, null, { ...b, action: "maybe" }])).toEqual([a]);
    expect(rulesOf(undefined)).toEqual([]);
  });

  test("[A-19] a request shows the whole arguments of its call, and the command or the path", () => {
    const wire = (over: object) =>
      wirePermission({ id: "per_1", sessionID: "ses_1", permission: "bash", patterns: ["touch *"], ...over });
    const bash = wire({ metadata: { command: "touch x" }, tool: { messageID: "m", callID: "c" } });
    expect(bash?.call).toEqual({ messageId: "m", callId: "c" });
    expect(
      bash && permissionAskOf(bash, { callId: "c", tool: "bash", input: { command: "touch x" } }),
    ).toEqual({
      callId: "c",
      tool: "bash",
      title: "bash touch x",
      kind: "execute",
      args: { command: "touch x" },
      patterns: ["touch x"],
    });
    const edit = wire({ permission: "edit", metadata: { filepath: "/p/a.txt", diff: "+x" } });
    expect(edit && permissionAskOf(edit, undefined)).toMatchObject({
      tool: "edit",
      kind: "edit",
      args: { filepath: "/p/a.txt", diff: "+x" },
      patterns: ["/p/a.txt"],
    });
    const other = wire({ permission: "some_mcp_tool", metadata: null, patterns: ["*", 7] });
    expect(other && permissionAskOf(other, undefined)).toMatchObject({
      kind: "other",
      args: { patterns: ["*"] },
      patterns: ["*"],
    });
    expect(wirePermission({ id: "per_1" })).toBeUndefined();
  });
});
