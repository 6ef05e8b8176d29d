import { HoldfastApiError } from "@holdfast/client";
import { describe, expect, test } from "vitest";
import { changeOf } from "./fixture.ts";
import { refusalOf, type Taking, withoutPaths } from "./outcome.ts";

const asked: Taking = { verb: "take", changes: [{ id: changeOf("a").id, revision: 1 }] };
const refused = (code: string, facts: Record<string, unknown> = {}) =>
  new HoldfastApiError({
    type: "about:blank",
    title: code,
    status: 409,
    code,
    detail: `It was ${code}.`,
    requestId: "r",
    ...facts,
  });

describe("what a refusal means", () => {
  test("[W-6, W-8] each of them is told apart, and can be asked for again where that helps", () => {
    expect(refusalOf(refused("STALE"), asked)).toEqual({ kind: "stale" });
    expect(refusalOf(refused("BASE_DIVERGED"), asked)).toEqual({ kind: "diverged", asked });
    expect(refusalOf(refused("WORKSPACE_BUSY", { holder: "ses_1" }), asked)).toEqual({
      kind: "busy",
      holder: "ses_1",
      asked,
    });
    expect(refusalOf(refused("CONFLICT"), asked)).toEqual({ kind: "refused", message: "It was CONFLICT." });
    expect(refusalOf(new Error("gone"), undefined)).toEqual({ kind: "refused", message: "gone" });
  });

  test("[W-8] a conflict names its paths, with both sides where the server has them", () => {
    const conflicts = [{ path: "a.ts", reason: "both changed", texts: { ours: "x", theirs: "y" } }];
    expect(refusalOf(refused("CHANGES_CONFLICT", { conflicts }), asked)).toEqual({
      kind: "conflict",
      conflicts,
      asked,
    });
    expect(refusalOf(refused("CHANGES_CONFLICT", { paths: ["b.ts"] }), asked)).toMatchObject({
      conflicts: [{ path: "b.ts", reason: "It was CHANGES_CONFLICT." }],
    });
  });
});

test("[W-8] what is in the way can be left out, unless nothing else is there", () => {
  const two: Taking = { ...asked, changes: [...asked.changes, { id: changeOf("b").id, revision: 4 }] };
  const pathOf = (id: string) => (id.endsWith("a") ? "a.ts" : "b.ts");
  expect(withoutPaths(two, pathOf, ["a.ts"])?.changes).toEqual([{ id: changeOf("b").id, revision: 4 }]);
  expect(withoutPaths(two, pathOf, ["a.ts", "b.ts"])).toBeUndefined();
  expect(withoutPaths(two, pathOf, ["c.ts"])).toBeUndefined();
});
