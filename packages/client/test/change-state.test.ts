import {
  type ChangesState,
  changeToRead,
  isOpenChange,
  noChanges,
  reduceChanges,
  reduceWorktrees,
  withChange,
  withChangeList,
} from "@holdfast/client";
import { type Change, changeSchema, type FeedEvent, type Tracking, type Worktree } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";

const id = (prefix: string, letter: string) => `${prefix}_${letter.repeat(26)}`;
const WORKSPACE = id("wsp", "a");

function change(letter: string, more: Partial<Change> = {}): Change {
  return {
    ...changeSchema.parse({
      id: id("chg", letter),
      workspaceId: WORKSPACE,
      path: `${letter}.ts`,
      kind: "modified",
      action: "apply",
      revision: 1,
      state: "pending",
      agent: "scribe",
      contributions: [],
      hunks: [],
      binary: false,
      additions: 1,
      deletions: 0,
      staged: false,
      time: { created: 1, updated: 1 },
    }),
    ...more,
  };
}

const tracking: Tracking = { state: "on", uncaptured: [], uncapturedCount: 0 };
const told = (one: Change): FeedEvent =>
  ({ type: "change.updated", data: { change: one } }) as unknown as FeedEvent;
const listed = (...items: Change[]): ChangesState =>
  withChangeList(noChanges(WORKSPACE), { items, tracking });
const paths = (state: ChangesState) => [...state.changes.values()].map(({ path }) => path);

describe("changes of a workspace", () => {
  test("[W-4, I-14] a list is by path, and what comes later stands at its end", () => {
    const state = reduceChanges(listed(change("c"), change("a")), told(change("b")));
    expect(paths(state)).toEqual(["a.ts", "c.ts", "b.ts"]);
    expect(state.tracking).toEqual(tracking);
    const again = withChangeList(state, { items: [change("b"), change("c"), change("d")], tracking });
    expect(paths(again)).toEqual(["c.ts", "b.ts", "d.ts"]);
  });

  test("[D-4] a change too large for its event changes nothing, and is to be read alone", () => {
    const state = listed(change("a"));
    const event = (workspaceId: string) =>
      ({
        type: "change.updated",
        data: { changeId: id("chg", "a"), workspaceId, tooLarge: true },
      }) as unknown as FeedEvent;
    expect(reduceChanges(state, event(WORKSPACE))).toBe(state);
    expect(changeToRead(state, event(WORKSPACE))).toBe(id("chg", "a"));
    expect(changeToRead(state, event(id("wsp", "b")))).toBeUndefined();
    expect(changeToRead(state, told(change("a")))).toBeUndefined();
  });

  test("[W-4, I-14] an event keeps the patch of its revision, and a new revision has none yet", () => {
    const state = listed(change("a", { patch: "@@" }));
    const marked = reduceChanges(state, told(change("a", { reviewed: 1, time: { created: 1, updated: 2 } })));
    expect([...marked.changes.values()]).toMatchObject([{ patch: "@@", reviewed: 1 }]);
    const moved = reduceChanges(marked, told(change("a", { revision: 2 })));
    expect([...moved.changes.values()].map(({ patch }) => patch)).toEqual([undefined]);
  });

  test("[W-4] what is older than what is known changes nothing, from an event or a list", () => {
    const state = listed(change("a", { revision: 3 }));
    expect(reduceChanges(state, told(change("a", { revision: 2 })))).toBe(state);
    const read = withChangeList(state, { items: [change("a", { revision: 2 })], tracking });
    expect([...read.changes.values()].map(({ revision }) => revision)).toEqual([3]);
  });

  test("[W-4, I-14] what is told while a list is read is not lost by it", () => {
    const made = told(change("b"));
    const decided = told(change("a", { state: "applied", time: { created: 1, updated: 2 } }));
    const state = [made, decided].reduce(reduceChanges, listed(change("a")));
    const read = { items: [change("a")], tracking };
    const merged = withChangeList(state, read, [made, decided]);
    expect([...merged.changes.values()].map((one) => [one.path, one.state])).toEqual([
      ["a.ts", "applied"],
      ["b.ts", "pending"],
    ]);
    const gone = told(change("b", { state: "rejected", time: { created: 1, updated: 2 } }));
    const after = withChangeList(reduceChanges(state, gone), read, [made, decided, gone]);
    expect([...after.changes.values()].filter(isOpenChange)).toEqual([]);
  });

  test("[W-4] decided changes stay until the next list; those of others are left out", () => {
    const state = listed(change("a"), change("b"));
    const decided = withChange(state, change("a", { state: "applied", revision: 2 }));
    expect([...decided.changes.values()].map(isOpenChange)).toEqual([false, true]);
    expect(paths(withChangeList(decided, { items: [change("b")], tracking }))).toEqual(["b.ts"]);
    const back = withChange(decided, change("x", { path: "a.ts" }));
    expect([...back.changes.keys()]).toEqual([id("chg", "x"), id("chg", "b")]);
    expect(withChange(state, change("c", { state: "applied" }))).toBe(state);
    const elsewhere = change("c", { workspaceId: id("wsp", "b") as Change["workspaceId"] });
    expect(reduceChanges(state, told(elsewhere))).toBe(state);
    expect(reduceChanges(state, { type: "session.updated", data: {} } as unknown as FeedEvent)).toBe(state);
  });
});

test("[W-1, I-14] worktrees are kept by their events, and an older one changes nothing", () => {
  const worktree = (state: string, updated: number) =>
    ({ id: id("wkt", "a"), state, time: { updated } }) as unknown as Worktree;
  const event = (one: Worktree) =>
    ({ type: "worktree.updated", data: { worktree: one } }) as unknown as FeedEvent;
  const first = reduceWorktrees(new Map(), event(worktree("creating", 1)));
  const active = reduceWorktrees(first, event(worktree("active", 2)));
  expect([...active.values()]).toMatchObject([{ state: "active" }]);
  expect(reduceWorktrees(active, event(worktree("creating", 1)))).toBe(active);
  expect(reduceWorktrees(active, { type: "session.updated", data: {} } as unknown as FeedEvent)).toBe(active);
});
