import type { Project, Session } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { groupSessions } from "./group.ts";
import { StillOrder } from "./still-order.ts";

const NOW = new Date(2026, 5, 15, 12).getTime();
const HOUR = 3_600_000;

const session = (id: string, hoursAgo: number, more: object = {}): Session =>
  ({
    id,
    title: id,
    directory: "/home/me/one",
    projectId: "prj_1",
    status: "idle",
    attention: "none",
    queue: { length: 0, paused: false },
    time: { created: 0, updated: NOW - hoursAgo * HOUR },
    ...more,
  }) as unknown as Session;

const PROJECTS = new Map<string, Project>();
const names = (sessions: Session[], order = new StillOrder(), filter = "") =>
  groupSessions(sessions, "project", filter, NOW, order, PROJECTS).map((group) =>
    group.sessions.map(({ id }) => id),
  );

describe("groups of sessions", () => {
  test("[I-15] the newest is first, and stays where it is while others work; a new one comes to the top", () => {
    const order = new StillOrder();
    expect(names([session("a", 3), session("b", 2), session("c", 1)], order)).toEqual([["c", "b", "a"]]);
    const later = [session("a", 0), session("b", 2), session("c", 1)];
    expect(names(later, order)).toEqual([["c", "b", "a"]]);
    expect(names([...later, session("d", 0.5)], order)).toEqual([["d", "c", "b", "a"]]);
    expect(names(later)).toEqual([["a", "c", "b"]]);
  });

  test.each([
    ["project", ["one", "two"]],
    ["status", ["Needs you", "Working", "Idle"]],
    ["date", ["Today", "Yesterday", "This week"]],
  ] as const)("[I-15] by %s", (grouping, expected) => {
    const sessions = [
      session("a", 1, { status: "busy" }),
      session("b", 24, { attention: "permission" }),
      session("c", 72, { directory: "/home/me/two", projectId: "prj_2" }),
    ];
    const groups = groupSessions(sessions, grouping, "", NOW, new StillOrder(), PROJECTS);
    expect(groups.map(({ name }) => name)).toEqual(expected);
  });

  test("[W-1, I-15] a session in a worktree is listed with its project", () => {
    const project = { id: "prj_1", directory: "/home/me/one" } as unknown as Project;
    const sessions = [session("a", 1, { directory: "/data/worktrees/one-x1" }), session("b", 2)];
    const projects = new Map([["prj_1", project]]);
    const groups = groupSessions(sessions, "project", "", NOW, new StillOrder(), projects);
    expect(groups).toMatchObject([{ name: "one", title: "/home/me/one" }]);
  });

  test("[I-15, R-9.1] a child stands behind its parent, whatever is newer, and for itself where that is not listed", () => {
    const sessions = [
      session("child", 1, { parentId: "parent" }),
      session("other", 2),
      session("parent", 3),
      session("older child", 4, { parentId: "parent" }),
      session("below", 0, { parentId: "child" }),
      session("alone", 5, { parentId: "gone" }),
    ];
    expect(names(sessions)).toEqual([["other", "parent", "child", "below", "older child", "alone"]]);
  });

  test("[I-15] the filter looks at title and directory, and children are listed like all others", () => {
    const sessions = [session("Parser", 1), session("b", 2), session("c", 3, { parentId: "ses_1" })];
    expect(names(sessions, new StillOrder(), " PARS")).toEqual([["Parser"]]);
    expect(names(sessions, new StillOrder(), "me/one")).toEqual([["Parser", "b", "c"]]);
  });
});
