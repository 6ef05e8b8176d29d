import { expect, test } from "vitest";
import { daysLeft, sizeOf, waysBack } from "./words.ts";

const DAY = 86_400_000;

test("[W-11, W-13] a worktree that is gone comes back from its rescue, or anew from its base", () => {
  const rescue = { ref: "refs/holdfast/rescue/x", commit: "c", expires: 1 };
  expect(waysBack({ state: "active", rescue })).toEqual([]);
  expect(waysBack({ state: "removed", rescue })).toEqual(["rescue", "base"]);
  expect(waysBack({ state: "lost", rescue: undefined })).toEqual(["base"]);
});

test("[W-11] how long a rescue is kept is said in days", () => {
  expect([30 * DAY, DAY, 1, 0].map((left) => daysLeft(1_000 + left, 1_000))).toEqual([
    "kept for 30 more days",
    "kept for one more day",
    "kept for one more day",
    "is over",
  ]);
});

test("[I-15] a size has the fewest digits that say it", () => {
  expect([400_000, 12_300_000, 1_340_000_000].map(sizeOf)).toEqual(["0.4 MB", "12 MB", "1.3 GB"]);
});
