import { expect, test } from "vitest";
import { money } from "./money.ts";

test.each([
  [0, "$0"],
  [0.000_09, "under $0.0001"],
  [0.004_2, "$0.0042"],
  [0.31, "$0.31"],
  [12.5, "$12.50"],
])("[A-21] %d dollars are %s", (dollars, words) => {
  expect(money(dollars)).toBe(words);
});
