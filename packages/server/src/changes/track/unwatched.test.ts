import { newId } from "@holdfast/kernel";
import { MAX_UNWATCHED, type Tracking, UNWATCHED_MS, type UnwatchedTurn } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { stillUnwatched, withUnwatched } from "./unwatched.ts";

const TRACKING: Tracking = { state: "on", uncaptured: [], uncapturedCount: 0 };
const turnAt = (time: number): UnwatchedTurn => ({
  turnId: newId("trn"),
  sessionId: newId("ses"),
  reason: "why",
  time,
});

test("[W-3] the newest 20 turns that were not watched are named, for 7 days", () => {
  expect([MAX_UNWATCHED, UNWATCHED_MS]).toEqual([20, 604_800_000]);
  const turns = Array.from({ length: MAX_UNWATCHED + 3 }, (_, at) => turnAt(at));
  const tracking = turns.reduce(withUnwatched, TRACKING);
  expect(tracking.unwatched).toEqual(turns.slice(3));
  expect(stillUnwatched(tracking, UNWATCHED_MS + 10)).toEqual({ unwatched: turns.slice(11) });
  expect(withUnwatched(tracking, turnAt(UNWATCHED_MS + 22)).unwatched).toHaveLength(1);
  expect(stillUnwatched(tracking, UNWATCHED_MS + 22)).toEqual({});
  expect(stillUnwatched(TRACKING, 0)).toEqual({});
});
