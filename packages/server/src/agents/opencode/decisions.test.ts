import { describe, expect, test } from "vitest";
import { afterProbe, HEALTH_LIMITS, healthVerdict, isSilent, WELL, type Health } from "./health.ts";
import { judgeTurn, SETTLE_MS, STRANDED_MS, type TurnJudgement, type TurnSight } from "./turn-end.ts";

describe("when a turn has ended", () => {
  type Shown = "none" | "open" | "completed" | "going on" | "error";
  const newestOf = (shown: Shown): TurnSight["newest"] =>
    shown === "none"
      ? undefined
      : {
          id: "msg_1",
          settled: shown === "open" ? "no" : shown === "error" ? "error" : "completed",
          goesOn: shown === "going on",
        };
  const judge = (shown: Shown, over: Partial<TurnSight>) =>
    judgeTurn({
      newest: newestOf(shown),
      isBusy: false,
      quietMs: 0,
      hasError: false,
      isCancelled: false,
      ...over,
    });
  const QUIET = [0, SETTLE_MS - 1, SETTLE_MS, STRANDED_MS - 1, STRANDED_MS];

  /** Per newest answer: what is said of a session that is not busy and was seen so for 0, almost 2 s, 2 s, almost 30 s, 30 s. */
  const TABLE: Record<Shown, TurnJudgement[]> = {
    none: ["look", "look", "look", "look", "stranded"],
    open: ["look", "look", "look", "look", "stranded"],
    completed: ["ended", "ended", "ended", "ended", "ended"],
    "going on": ["look", "look", "ended", "ended", "ended"],
    error: ["ended", "ended", "ended", "ended", "ended"],
  };

  test.each(Object.entries(TABLE))("[A-16] the newest answer is %s: %j", (shown, judgements) => {
    expect(QUIET.map((quietMs) => judge(shown as Shown, { quietMs }))).toEqual(judgements);
    expect(QUIET.map((quietMs) => judge(shown as Shown, { quietMs, isBusy: true }))).toEqual(
      QUIET.map(() => "wait"),
    );
  });

  test.each([
    ["an error that no message carries", { hasError: true }],
    ["a cancel before anything was answered", { isCancelled: true }],
  ])("[A-16] %s ends it once the session stays quiet", (_name, over) => {
    expect(judge("none", over)).toBe("look");
    expect(judge("none", { ...over, quietMs: SETTLE_MS })).toBe("ended");
    expect(judge("none", { ...over, quietMs: SETTLE_MS, isBusy: true })).toBe("wait");
    // An abort's first idle event comes before the text is final.
    expect(judge("open", { ...over, quietMs: SETTLE_MS })).toBe("look");
  });
});

describe("the health of a server", () => {
  const { intervalMs, failures, busyGraceMs } = HEALTH_LIMITS;
  const after = (count: number, spacing: number): Health => {
    let health = WELL;
    for (let probe = 0; probe < count; probe += 1)
      health = afterProbe(health, false, probe * spacing, HEALTH_LIMITS);
    return health;
  };

  test("[A-24] failures closer together than the interval are one, and one answer forgives all", () => {
    expect(after(100, 1).failures).toBe(1);
    expect(after(failures - 1, intervalMs).failingSince).toBeUndefined();
    expect(after(failures, intervalMs).failingSince).toBe((failures - 1) * intervalMs);
    expect(afterProbe(after(failures, intervalMs), true, 1e6, HEALTH_LIMITS)).toBe(WELL);
  });

  const since = (failures - 1) * intervalMs;
  test.each([
    ["well", WELL, false, false, 0, "wait"],
    ["one failure", after(1, intervalMs), false, false, 1e9, "wait"],
    ["almost enough", after(failures - 1, intervalMs), false, false, 1e9, "wait"],
    ["enough, idle", after(failures, intervalMs), false, false, since, "restart"],
    ["enough, busy", after(failures, intervalMs), false, true, since, "wait"],
    [
      "busy, almost over the grace",
      after(failures + 3, intervalMs),
      false,
      true,
      since + busyGraceMs - 1,
      "wait",
    ],
    ["busy, over the grace", after(failures + 3, intervalMs), false, true, since + busyGraceMs, "restart"],
    ["gone, well before", WELL, true, true, 0, "restart"],
    ["gone, idle", after(1, intervalMs), true, false, 0, "restart"],
  ] as const)("[A-24] %s", (_name, health, isGone, isBusy, now, verdict) => {
    expect(healthVerdict(health, { isGone, isBusy, now }, HEALTH_LIMITS)).toBe(verdict);
  });

  test.each([
    [0, HEALTH_LIMITS.silenceMs - 1, true, false],
    [0, HEALTH_LIMITS.silenceMs, true, true],
    [0, HEALTH_LIMITS.silenceMs, false, false],
  ])("[A-24] silent from %d to %d, read %s: %s", (lastAt, now, isRead, expected) => {
    expect(isSilent({ lastAt, isRead }, now, HEALTH_LIMITS)).toBe(expected);
  });
});
