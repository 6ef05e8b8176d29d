import { expect, test } from "vitest";
import { figuresOf } from "./figures.ts";

const time = { queued: 0, started: 1_000, ended: 4_000 };

test("[A-21] what a turn used and cost, and nothing in the place of what was not told", () => {
  const tokens = { input: 1_200, output: 80, cache: { read: 900, write: 0 } };
  expect(figuresOf({ time, usage: { tokens, cost: 0.0042 } })).toEqual([
    "3.0 s",
    `${(1_200).toLocaleString()} in`,
    "900 from cache",
    "80 out",
    "$0.0042",
  ]);
  expect(figuresOf({ time, usage: { tokens: { output: 80, cache: { read: 0, write: 9 } } } })).toEqual([
    "3.0 s",
    "80 out",
  ]);
  expect(figuresOf({ time: { queued: 0 }, usage: {} })).toEqual([]);
});
