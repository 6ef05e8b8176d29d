import { describe, expect, test } from "vitest";
import { changeOf, hunk } from "./fixture.ts";
import {
  chosenOf,
  chosenPart,
  isHunkChosen,
  NOTHING_CHOSEN,
  toggleAll,
  toggleChange,
  toggleHunk,
} from "./selection.ts";

const two = changeOf("a", { hunks: [hunk("x", [1, 1, 1, 1]), hunk("y", [5, 1, 5, 1])] });
const other = changeOf("b");

describe("what is chosen", () => {
  test("[W-6] hunk by hunk comes to the whole file, and back to nothing", () => {
    const one = toggleHunk(NOTHING_CHOSEN, two, "x");
    expect(chosenPart(one, two)).toBe("some");
    expect([isHunkChosen(one, two, "x"), isHunkChosen(one, two, "y")]).toEqual([true, false]);
    expect(chosenOf(one, [two, other])).toEqual([{ id: two.id, revision: 1, hunks: ["x"] }]);
    const both = toggleHunk(one, two, "y");
    expect(chosenPart(both, two)).toBe("all");
    expect(chosenOf(both, [two])).toEqual([{ id: two.id, revision: 1 }]);
    expect(chosenOf(toggleHunk(both, two, "x"), [two])).toEqual([{ id: two.id, revision: 1, hunks: ["y"] }]);
    expect(chosenPart(toggleHunk(one, two, "x"), two)).toBe("none");
  });

  test("[W-6] a choice is void for the next revision", () => {
    const chosen = toggleChange(NOTHING_CHOSEN, two);
    expect(chosenOf(chosen, [{ ...two, revision: 2 }])).toEqual([]);
    expect(chosenPart(chosen, { ...two, revision: 2 })).toBe("none");
  });

  test("[W-5, W-6] all is all that can be decided: not what came with a moved branch, nor what was decided", () => {
    const moved = changeOf("c", { kind: "branchMoved" });
    const done = changeOf("d", { state: "applied" });
    const all = toggleAll(NOTHING_CHOSEN, [two, other, moved, done]);
    expect(chosenOf(all, [two, other, moved, done]).map(({ id }) => id)).toEqual([two.id, other.id]);
    expect(toggleAll(all, [two, other, moved, done])).toBe(NOTHING_CHOSEN);
    expect(chosenOf(toggleAll(toggleHunk(NOTHING_CHOSEN, two, "x"), [two]), [two])).toEqual([
      { id: two.id, revision: 1 },
    ]);
  });
});
