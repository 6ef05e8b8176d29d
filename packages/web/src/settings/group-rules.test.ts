import type { PermissionRule, Session } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { groupRules } from "./group-rules.ts";

const rule = (id: string, projectId: string, created: number, sessionId?: string): PermissionRule =>
  ({
    id,
    projectId,
    scope: sessionId === undefined ? "project" : "session",
    ...(sessionId === undefined ? {} : { sessionId }),
    time: { created },
  }) as PermissionRule;
const session = (id: string, projectId: string) =>
  ({ id, projectId, title: `title of ${id}`, directory: `/home/${projectId}` }) as Session;

describe("standing answers by where they hold", () => {
  test("[A-19] projects come before sessions, and the newest rule is first", () => {
    const rules = [
      rule("1", "p", 10),
      rule("2", "p", 20, "s"),
      rule("3", "p", 30),
      rule("4", "q", 5),
      rule("5", "p", 40, "gone"),
    ];
    const groups = groupRules(rules, [session("s", "p")]);
    expect(groups.map(({ key, rules: own }) => [key, own.map(({ id }) => id)])).toEqual([
      ["p", ["3", "1"]],
      ["q", ["4"]],
      ["gone", ["5"]],
      ["s", ["2"]],
    ]);
    expect(groups.map(({ directory, session: of }) => [directory, of?.title])).toEqual([
      ["/home/p", undefined],
      [undefined, undefined],
      ["/home/p", undefined],
      ["/home/p", "title of s"],
    ]);
  });

  test("[A-19] without rules there are no groups", () => {
    expect(groupRules([], [session("s", "p")])).toEqual([]);
  });
});
