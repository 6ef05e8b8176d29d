import { describe, expect, test } from "vitest";
import { meaningOf, type Passed, type FeedPosition } from "./list-feed.ts";

const place: FeedPosition = { id: "b", storeId: "s" };
const hello = (lastId: string, storeId = "s"): Passed => ({ item: { kind: "hello", lastId, storeId } });
const event = (from: string, id: string): Passed => ({
  item: { kind: "event", id, event: { type: "turn.queued", version: 1, time: 0, data: {} } },
  from,
});

describe("what an item of the shared feed means to a window", () => {
  test.each<[string, FeedPosition | undefined, Passed, ReturnType<typeof meaningOf>]>([
    ["the first greeting gives the place", undefined, hello("b"), "take"],
    ["a greeting from the same place", place, hello("b"), "take"],
    ["a leader that is elsewhere", place, hello("c"), "lost"],
    ["a greeting of another store", place, hello("b", "t"), "lost"],
    ["an event before the first greeting", undefined, event("a", "b"), "skip"],
    ["the next event", place, event("b", "c"), "take"],
    ["the last event again", place, event("a", "b"), "skip"],
    ["an event behind a gap", place, event("c", "d"), "lost"],
    ["a heartbeat", place, { item: { kind: "heartbeat" } }, "take"],
    ["a reset of the server", place, { item: { kind: "reset", reason: "store", state: [] } }, "take"],
  ])("[I-16] %s", (_name, at, passed, meaning) => {
    expect(meaningOf(at, passed)).toBe(meaning);
  });
});
