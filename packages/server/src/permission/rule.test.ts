import { newId } from "@holdfast/kernel";
import type { Permission, PermissionRule } from "@holdfast/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isCovered, literalPattern, matchesPattern, rulesOf } from "./rule.ts";

const text = fc.string({ unit: fc.constantFrom("a", "b", "*", "\\", "/", "\n"), maxLength: 8 });

describe("[A-19] patterns of standing rules", () => {
  test.each([
    ["git status", "git status", true],
    ["git status", "git status -s", false],
    ["git *", "git push", true],
    ["git *", "git", false],
    ["*", "", true],
    ["src/*/a.ts", "src/x/y/a.ts", true],
    ["src/*/a.ts", "src/a.ts", false],
    ["*.ts*", "a.test.tsx", true],
    [String.raw`rm \*.log`, "rm *.log", true],
    [String.raw`rm \*.log`, "rm -rf / x.log", false],
    [String.raw`a\\b`, String.raw`a\b`, true],
    ["a\\", "a\\", true],
    ["a.c", "abc", false],
  ])("[A-19] %j on %j: %j", (pattern, subject, expected) => {
    expect(matchesPattern(pattern, subject)).toBe(expected);
  });

  test("[A-19] an always on any text covers that text and no other", () => {
    fc.assert(
      fc.property(text, text, (asked, other) => {
        expect(matchesPattern(literalPattern(asked), asked)).toBe(true);
        expect(matchesPattern(literalPattern(asked), other)).toBe(asked === other);
      }),
    );
  });

  test("[A-19] any pattern says the same as its regular expression", () => {
    fc.assert(
      fc.property(text, text, (pattern, subject) => {
        const source = pattern.replace(/\\([\s\S])|[\s\S]/g, (unit: string, literal: string | undefined) =>
          literal === undefined && unit === "*"
            ? "[^]*"
            : (literal ?? unit).replace(/[\\*/]/g, String.raw`\$&`),
        );
        expect(matchesPattern(pattern, subject)).toBe(new RegExp(`^(?:${source})$`).test(subject));
      }),
      { numRuns: 2_000 },
    );
  });

  test("[A-19] a pattern full of stars is decided in no time", () => {
    expect(matchesPattern(`${"*a".repeat(500)}b`, "a".repeat(5_000))).toBe(false);
  });
});

describe("[A-19] what a rule covers", () => {
  const asked: Permission = {
    id: newId("per"),
    sessionId: newId("ses"),
    turnId: newId("trn"),
    agent: "qwen",
    tool: "shell",
    title: "Run",
    kind: "execute",
    args: {},
    patterns: ["ls", "pwd"],
    state: "pending",
    time: { asked: 1 },
  };
  const made = { projectId: newId("prj"), actor: { id: "owner", kind: "owner" as const, label: "" }, now: 5 };
  const rules = rulesOf(asked, made);

  test("[A-19] an always makes one rule per command or path, for the session", () => {
    expect(rules).toMatchObject([
      {
        agent: "qwen",
        kind: "execute",
        pattern: "ls",
        scope: "session",
        sessionId: asked.sessionId,
        time: { created: 5 },
      },
      { pattern: "pwd" },
    ]);
  });

  test.each([
    ["the same again", {}, true],
    ["a part of it", { patterns: ["pwd"] }, true],
    ["more than it", { patterns: ["ls", "rm -rf /"] }, false],
    ["another kind", { kind: "edit" }, false],
    ["another agent", { agent: "goose" }, false],
    ["nothing named, another tool", { patterns: [] }, false],
  ])("[A-19] %s: %j", (_name, change, expected) => {
    expect(isCovered(rules, { ...asked, ...change })).toBe(expected);
  });

  test("[A-19] a request that names no command or path is about its tool", () => {
    const [rule] = rulesOf({ ...asked, patterns: [] }, made) as [PermissionRule];
    expect(rule.pattern).toBe("shell");
    expect(isCovered([rule], { ...asked, patterns: [] })).toBe(true);
    expect(isCovered([rule], asked)).toBe(false);
  });
});
