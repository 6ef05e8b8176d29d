import { newId } from "@holdfast/kernel";
import type { Hunk } from "@holdfast/protocol";
import { expect, test } from "vitest";
import type { StoredChange } from "../../store/index.ts";
import { contributors, outcomeOf } from "./left-rows.ts";

const [first, second] = [newId("ses"), newId("ses")];
const version = (blob: string) => ({ blob, mode: "100644" });

const hunk = (id: string, line: number, sessionId: typeof first): Hunk => ({
  id,
  oldStart: line,
  oldLines: 1,
  newStart: line,
  newLines: 2,
  origins: [{ agent: sessionId === first ? "qwen" : "goose", sessionId }],
});

function change(fields: Partial<StoredChange> = {}): StoredChange {
  return {
    id: newId("chg"),
    workspaceId: newId("wsp"),
    path: "a.txt",
    key: "a.txt",
    kind: "modified",
    revision: 3,
    state: "pending",
    agent: "goose",
    sessionId: second,
    contributions: [
      { agent: "qwen", sessionId: first, before: "s1", after: "s2", hunks: ["h1"], time: 1 },
      { agent: "goose", sessionId: second, before: "s2", after: "s3", hunks: ["h2"], time: 2 },
    ],
    hunks: [hunk("h1", 1, first), hunk("h2", 10, second)],
    before: version("old"),
    after: version("new"),
    binary: false,
    additions: 4,
    deletions: 2,
    ...fields,
  };
}

test("[W-9] what is taken over whole moves the baseline to the result and leaves no row", () => {
  const row = change();
  expect(outcomeOf({ change: row, hunks: "all" }, "takeOver", undefined)).toEqual({
    entries: [{ key: "a.txt", old: version("old"), new: version("new") }],
    left: undefined,
  });
});

test("[W-9] hunks left over stay pending as the next revision, measured against the new baseline", () => {
  const row = change();
  const { entries, left } = outcomeOf({ change: row, hunks: new Set(["h2"]) }, "takeOver", "part");
  expect(entries).toEqual([{ key: "a.txt", old: version("old"), new: version("part") }]);
  expect(left).toMatchObject({
    id: row.id,
    revision: 4,
    state: "pending",
    before: version("part"),
    agent: "qwen",
  });
  expect(left?.hunks).toMatchObject([{ oldStart: 1, newStart: 1, origins: [{ agent: "qwen" }] }]);
  expect(left?.contributions.map(({ agent, hunks }) => [agent, hunks.length])).toEqual([
    ["qwen", 1],
    ["goose", 0],
  ]);
  expect([left?.additions, left?.deletions]).toEqual([2, 1]);
});

test("[W-6] rejecting hunks moves the result back by them alone", () => {
  const row = change();
  const { entries, left } = outcomeOf({ change: row, hunks: new Set(["h1"]) }, "reject", "part");
  expect(entries).toEqual([{ key: "a.txt", old: version("new"), new: version("part") }]);
  expect(left).toMatchObject({ revision: 4, before: version("old"), after: version("part") });
  expect(left?.hunks).toMatchObject([{ oldStart: 10, newStart: 9 }]);
});

test("[W-6] a renamed file goes back to where it was when it is rejected, and stays where it went when a part is taken", () => {
  const row = change({ kind: "renamed", key: "b", path: "b", oldKey: "a.txt", oldPath: "a.txt" });
  expect(outcomeOf({ change: row, hunks: "all" }, "reject", undefined).entries).toEqual([
    { key: "b", old: version("new"), new: null },
    { key: "a.txt", old: null, new: version("old") },
  ]);
  const { entries, left } = outcomeOf({ change: row, hunks: new Set(["h1"]) }, "takeOver", "part");
  expect(entries).toEqual([
    { key: "a.txt", old: version("old"), new: null },
    { key: "b", old: null, new: version("part") },
  ]);
  expect(left).toMatchObject({ kind: "modified", key: "b" });
  expect(left?.oldKey).toBeUndefined();
});

test("[W-6] a rejection concerns the sessions whose work it undoes", () => {
  expect(contributors({ change: change(), hunks: new Set(["h1"]) })).toEqual([first]);
  expect(contributors({ change: change(), hunks: "all" })).toEqual([first, second]);
});
