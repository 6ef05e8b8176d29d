import { describe, expect, test } from "vitest";
import { chooseEvictions, POOL_LIMITS, type Resident, roomFor } from "./eviction.ts";

describe("eviction", () => {
  const minutes = (count: number) => count * 60_000;
  const NOW = minutes(1_000);
  const idleFor = (
    key: string,
    ms: number | undefined,
    more: Partial<Resident<string>> = {},
  ): Resident<string> => ({
    key,
    idleSince: ms === undefined ? undefined : NOW - ms,
    isWaiting: false,
    bytes: 0,
    ...more,
  });
  const many = (count: number, ms: number | undefined) =>
    Array.from({ length: count }, (_, index) => idleFor(`many-${index}`, ms));

  test.each<[string, Resident<string>[], string[]]>([
    ["nothing lives", [], []],
    ["one is idle for less than the time", [idleFor("a", minutes(30) - 1)], []],
    ["one is idle for the time", [idleFor("a", minutes(30))], ["a"]],
    ["the clock of one is ahead", [idleFor("a", -5)], []],
    ["a busy one is old", [idleFor("a", undefined)], []],
    ["there are as many as may be", [...many(9, 0), idleFor("a", minutes(5))], []],
    ["one is too many", [...many(10, 0), idleFor("a", minutes(5))], ["a"]],
    [
      "two are too many, the oldest first",
      [...many(10, 0), idleFor("a", minutes(5)), idleFor("b", minutes(9))],
      ["b", "a"],
    ],
    ["too many, all busy", many(20, undefined), []],
    ["one waits for a human", [idleFor("a", minutes(900), { isWaiting: true })], []],
    ["background tasks run in one", [idleFor("a", minutes(900), { isArmed: true })], []],
    [
      "those that wait for a human do not count",
      [...many(9, 0), idleFor("a", 5), idleFor("w", undefined, { isWaiting: true })],
      [],
    ],
    ["they take too much memory", [idleFor("a", 5, { bytes: 60 }), idleFor("b", 9, { bytes: 60 })], ["b"]],
    [
      "a busy one takes all memory",
      [idleFor("a", undefined, { bytes: 500 }), idleFor("b", 9, { bytes: 1 })],
      ["b"],
    ],
    [
      "one that waits for a human takes all memory",
      [idleFor("a", undefined, { bytes: 99, isWaiting: true }), idleFor("b", 9, { bytes: 2 })],
      ["b"],
    ],
    [
      "they take just as much as they may",
      [idleFor("a", 5, { bytes: 50 }), idleFor("b", 9, { bytes: 50 })],
      [],
    ],
    [
      "one is expired and that is enough",
      [...many(10, 0), idleFor("a", minutes(31)), idleFor("b", minutes(9))].slice(1),
      ["a"],
    ],
  ])("[A-8] when %s", (_, residents, expected) => {
    expect(chooseEvictions(residents, NOW, { ...POOL_LIMITS, maxBytes: 100 })).toEqual(expected);
  });

  test.each<[string, Resident<string>[], string[] | undefined]>([
    ["nothing lives", [], []],
    ["there is room", many(9, undefined), []],
    ["all are busy", many(10, undefined), undefined],
    ["one is idle", [...many(9, undefined), idleFor("a", 1)], ["a"]],
    ["two are idle", [...many(8, undefined), idleFor("a", 1), idleFor("b", 2)], ["b"]],
    ["one waits for a human", [...many(9, undefined), idleFor("w", undefined, { isWaiting: true })], []],
    ["there are more than may be, all busy", many(11, undefined), undefined],
    [
      "there are more than may be, two idle",
      [...many(9, undefined), idleFor("a", 1), idleFor("b", 2)],
      ["b", "a"],
    ],
    ["memory is used up by a busy one", [idleFor("a", undefined, { bytes: 101 })], undefined],
    [
      "memory is used up by a busy one, and idle ones do not help",
      [idleFor("a", undefined, { bytes: 101 }), idleFor("b", 1, { bytes: 5 })],
      undefined,
    ],
    ["memory is used up by an idle one", [idleFor("a", 1, { bytes: 101 })], ["a"]],
    [
      "memory is used up by one that waits for a human",
      [idleFor("w", undefined, { isWaiting: true, bytes: 101 })],
      undefined,
    ],
  ])("[A-8] room for one more when %s", (_, residents, expected) => {
    expect(roomFor(residents, { ...POOL_LIMITS, maxBytes: 100 })).toEqual(expected);
  });
});
