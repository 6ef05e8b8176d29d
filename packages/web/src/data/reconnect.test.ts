import { describe, expect, test } from "vitest";
import { type Circumstances, type Occasion, reactionTo, retryMs } from "./reconnect.ts";

describe("connecting again", () => {
  test.each([
    [1, 0, 250],
    [1, 0.999, 500],
    [2, 0, 500],
    [2, 0.5, 750],
    [3, 0, 1_000],
    [5, 0.999, 7_996],
    [6, 0, 5_000],
    [6, 0.999, 9_995],
    [1_000, 0.999, 9_995],
  ])("[I-16] after try %i, with chance %d, it waits %i ms", (attempt, random, ms) => {
    expect(retryMs(attempt, random)).toBe(ms);
  });

  const live: Circumstances = { connection: "live", isHidden: false, isResting: false };
  test.each<[Occasion, Partial<Circumstances>, ReturnType<typeof reactionTo>]>([
    ["online", {}, "wake"],
    ["online", { connection: "offline" }, "wake"],
    ["online", { connection: "offline", isHidden: true }, "wake"],
    ["seen", {}, "none"],
    ["seen", { isResting: true }, "wake"],
    ["seen", { connection: "connecting" }, "none"],
    ["seen", { connection: "troubled" }, "lead"],
    ["seen", { connection: "offline", isResting: true }, "lead"],
    ["slept", {}, "wake"],
    ["slept", { isHidden: true }, "none"],
    ["asked", { connection: "offline" }, "lead"],
    ["asked", { connection: "refused" }, "none"],
    ["online", { connection: "refused" }, "none"],
  ])("[I-16] %s in %j: %s", (occasion, now, reaction) => {
    expect(reactionTo(occasion, { ...live, ...now })).toBe(reaction);
  });
});
