import { newId } from "@holdfast/kernel";
import { expect, test } from "vitest";
import type { StoredChange } from "../../store/index.ts";
import { choose, chooseAgain } from "./selection.ts";

const row = (fields: Partial<StoredChange> = {}): StoredChange => ({
  id: newId("chg"),
  workspaceId: newId("wsp"),
  path: "a",
  key: "a",
  kind: "modified",
  revision: 2,
  state: "pending",
  agent: "qwen",
  contributions: [],
  hunks: ["h1", "h2"].map((id, at) => ({
    id,
    oldStart: at * 5 + 1,
    oldLines: 1,
    newStart: at * 5 + 1,
    newLines: 1,
    origins: [{ agent: "qwen" }],
  })),
  binary: false,
  additions: 2,
  deletions: 2,
  ...fields,
});

test("[W-6] ids stand for the current revision, and every hunk for the whole file", () => {
  const one = row();
  expect(choose([one], { changeIds: [one.id] })).toEqual([{ change: one, hunks: "all" }]);
  expect(choose([one], { changes: [{ id: one.id, revision: 2, hunks: ["h2", "h1"] }] })[0]?.hunks).toBe(
    "all",
  );
  expect(choose([one], { changes: [{ id: one.id, revision: 2, hunks: ["h2"] }] })[0]?.hunks).toEqual(
    new Set(["h2"]),
  );
});

test("[W-6] a revision or a hunk that moved is stale, and the answer names what is current", () => {
  const one = row();
  for (const choice of [
    { id: one.id, revision: 1 },
    { id: one.id, revision: 2, hunks: ["gone"] },
  ])
    expect(() => choose([one], { changes: [choice] })).toThrow(
      expect.objectContaining({
        code: "STALE",
        data: { changes: [{ id: one.id, revision: 2 }], paths: ["a"] },
      }),
    );
});

test("[W-6] what is unknown, named twice or nobody's work is refused", () => {
  const one = row();
  const moved = row({ kind: "branchMoved" });
  const refused = (request: Parameters<typeof choose>[1], code: string) =>
    expect(() => choose([one, moved], request)).toThrow(expect.objectContaining({ code }));
  refused({ changeIds: [newId("chg")] }, "NOT_FOUND");
  refused({ changeIds: [one.id, one.id] }, "INVALID_REQUEST");
  refused({ changeIds: [moved.id] }, "UNPROCESSABLE");
});

test("[W-7] what moved between the choice and the act is stale", () => {
  const one = row();
  const chosen = choose([one], { changeIds: [one.id] });
  expect(chooseAgain([one], chosen)).toEqual(chosen);
  expect(() => chooseAgain([{ ...one, revision: 3 }], chosen)).toThrow(
    expect.objectContaining({ code: "STALE" }),
  );
  expect(() => chooseAgain([], chosen)).toThrow(expect.objectContaining({ code: "STALE" }));
});
