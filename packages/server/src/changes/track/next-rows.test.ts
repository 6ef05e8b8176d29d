import { newId } from "@holdfast/kernel";
import type { FileVersion, Origin } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import type { TreeChange } from "../../git/index.ts";
import type { StoredChange } from "../../store/index.ts";
import { contribute, MAX_CONTRIBUTIONS } from "./contributions.ts";
import { type HunksByKey, nextRows, type Scene, type Stamped } from "./next-rows.ts";

const workspaceId = newId("wsp");
const [one, other] = [
  { agent: "qwen", turnId: newId("trn"), sessionId: newId("ses") },
  { agent: "goose", turnId: newId("trn"), sessionId: newId("ses") },
] as const satisfies Origin[];
const user: Origin = { agent: "user" };

const file = (blob: string, mode = "100644"): FileVersion => ({ blob: blob.padEnd(40, "0"), mode });
const change = (key: string, from: FileVersion | undefined, to: FileVersion | undefined): TreeChange => ({
  key,
  kind: from === undefined ? "added" : to === undefined ? "deleted" : "modified",
  ...(from === undefined ? {} : { before: from }),
  ...(to === undefined ? {} : { after: to }),
  binary: false,
  additions: 1,
  deletions: 1,
});
const renamed = (oldKey: string, key: string, from: FileVersion, to: FileVersion): TreeChange => ({
  ...change(key, from, to),
  kind: "renamed",
  oldKey,
});
const by = (origin: Origin, each: TreeChange): Stamped => ({ ...each, origin });
const line = (at: number) => ({ oldStart: at, oldLines: 1, newStart: at, newLines: 1 });

let time = 0;
const scene = (
  rows: readonly StoredChange[],
  step: readonly Stamped[],
  total: readonly TreeChange[],
  hunks: { step?: HunksByKey; total?: HunksByKey } = {},
): Scene => {
  time += 1;
  const all = { step: hunks.step ?? new Map(), total: hunks.total ?? new Map() };
  return {
    workspaceId,
    rows,
    step,
    total,
    hunks: all,
    before: `before-${time}`,
    after: `after-${time}`,
    now: time,
    newId: () => newId("chg"),
  };
};
const [base, v1, v2] = [file("a"), file("b"), file("c")];
const agents = (row: StoredChange | undefined) => row?.contributions.map(({ agent }) => agent);

describe("the rows after a step", () => {
  test("[W-4] a later turn gives a row a new revision and keeps what came before; each hunk names its own", () => {
    const first = nextRows(
      scene([], [by(one, change("f", base, v1))], [change("f", base, v1)], {
        step: new Map([["f", [line(3)]]]),
        total: new Map([["f", [line(3)]]]),
      }),
    ).changes;
    const [row] = nextRows(
      scene(first, [by(other, change("f", v1, v2))], [change("f", base, v2)], {
        step: new Map([["f", [line(9)]]]),
        total: new Map([["f", [line(3), line(9)]]]),
      }),
    ).changes;
    expect(row).toMatchObject({ id: first[0]?.id, revision: 2, agent: "goose", turnId: other.turnId });
    expect(agents(row)).toEqual(["qwen", "goose"]);
    expect(row?.hunks.map(({ origins }) => origins)).toEqual([[one], [other]]);
    expect(row?.contributions.map(({ hunks }) => hunks)).toEqual(row?.hunks.map(({ id }) => [id]));
  });

  test("[W-4] the same step recorded again changes nothing", () => {
    const total = [change("f", base, v1)];
    const { changes } = nextRows(scene([], [by(one, change("f", base, v1))], total));
    expect(nextRows(scene(changes, [by(one, change("f", base, v1))], total))).toEqual({
      changes: [],
      gone: [],
    });
  });

  test("[W-4] a path that equals the baseline again has no row, and comes back as a new one", () => {
    const { changes } = nextRows(scene([], [by(one, change("f", base, v1))], [change("f", base, v1)]));
    const { changes: none, gone } = nextRows(scene(changes, [by(user, change("f", v1, base))], []));
    expect([none, gone]).toEqual([[], [{ changeId: changes[0]?.id, state: "rejected" }]]);
    const [again] = nextRows(scene([], [by(user, change("f", base, v2))], [change("f", base, v2)])).changes;
    expect([again?.revision, agents(again)]).toEqual([1, ["user"]]);
  });

  test("[W-4] a rename takes the contributions of its former path along", () => {
    const { changes } = nextRows(
      scene([], [by(one, change("old", base, v1))], [change("old", base, v1)], {
        step: new Map([["old", [line(3)]]]),
        total: new Map([["old", [line(3)]]]),
      }),
    );
    const after = nextRows(
      scene(changes, [by(other, renamed("old", "new", v1, v1))], [renamed("old", "new", base, v1)], {
        step: new Map([["new", []]]),
        total: new Map([["new", [line(3)]]]),
      }),
    );
    expect(after.gone).toEqual([{ changeId: changes[0]?.id, state: "rejected" }]);
    const [row] = after.changes;
    expect(row).toMatchObject({ key: "new", oldKey: "old", oldPath: "old", revision: 1, agent: "goose" });
    expect(agents(row)).toEqual(["qwen", "goose"]);
    expect(row?.hunks.map(({ origins }) => origins)).toEqual([[one]]);
  });

  test("[W-4] a rename that git finds only in all is told by both of its sides", () => {
    const { changes } = nextRows(
      scene([], [by(one, change("new", undefined, base))], [change("new", undefined, base)]),
    );
    const [row] = nextRows(
      scene(changes, [by(user, change("old", base, undefined))], [renamed("old", "new", base, base)]),
    ).changes;
    expect([row?.kind, agents(row)]).toEqual(["renamed", ["qwen", "user"]]);
  });

  test("[W-4] binary files and modes have no hunks, and their contributions all the same", () => {
    const picture = { ...change("p", base, v1), binary: true };
    const script: TreeChange = { ...change("s", base, file("a", "100755")), kind: "mode" };
    const { changes } = nextRows(scene([], [by(one, picture), by(user, script)], [picture, script]));
    expect(changes.map(({ kind, hunks }) => [kind, hunks])).toEqual([
      ["modified", []],
      ["mode", []],
    ]);
    expect(changes.map(agents)).toEqual([["qwen"], ["user"]]);
  });

  test("[W-4] the lines of a file whose hunks were never counted belong to everybody who was there", () => {
    const { changes } = nextRows(
      scene([], [by(one, change("f", base, v1))], [change("f", base, v1)], { total: new Map([["f", []]]) }),
    );
    expect(changes[0]?.hunks).toEqual([]);
    const [row] = nextRows(
      scene(changes, [by(other, change("f", v1, v2))], [change("f", base, v2)], {
        step: new Map([["f", [line(9)]]]),
        total: new Map([["f", [line(3), line(9)]]]),
      }),
    ).changes;
    expect(row?.hunks.map(({ origins }) => origins)).toEqual([[one], [other, one]]);
  });

  test("[W-4] a path that changed in all without a step of its own is nobody's", () => {
    const [row] = nextRows(scene([], [], [change("f", base, v1)])).changes;
    expect(agents(row)).toEqual(["unknown"]);
  });

  test("[W-4] paths that are not UTF-8 keep their bytes and are shown as far as they can be", () => {
    const key = "caf\u00e9";
    const [row] = nextRows(scene([], [by(one, change(key, base, v1))], [change(key, base, v1)])).changes;
    expect([row?.key, row?.path]).toEqual([key, "caf\ufffd"]);
  });
});

describe("contributions", () => {
  const at = (origin: Origin, count: number) => ({
    ...origin,
    before: `${count}`,
    after: `${count + 1}`,
    time: count,
  });

  test("[W-4] what follows another one of the same origin extends it", () => {
    const all = contribute([at(one, 1), at(user, 2)], [at(user, 3)]);
    expect(all).toEqual([at(one, 1), { ...at(user, 3), before: "2" }]);
  });

  test("[W-4] they are bounded: the oldest become one that spans them", () => {
    let all: ReturnType<typeof contribute> = [];
    for (let count = 1; count <= MAX_CONTRIBUTIONS + 2; count += 1)
      all = contribute(all, [at(count % 2 === 0 ? one : user, count)]);
    expect(all).toHaveLength(MAX_CONTRIBUTIONS);
    expect(all[0]).toMatchObject({ agent: "unknown", before: "1", after: "4" });
    expect(all.at(-1)).toMatchObject({ agent: "qwen", before: `${MAX_CONTRIBUTIONS + 2}` });
  });
});
