import { describe, expect, test } from "vitest";
import { type Activity, judge, noteEvent, noteHumans, startActivity, timeoutText } from "./deadline.ts";
import { DEFAULT_TURN_SETTINGS } from "./settings.ts";

const MIN = 60_000;
const HOUR = 60 * MIN;
const limits = DEFAULT_TURN_SETTINGS;
const quietSince = (lastAt: number, more: Partial<Activity> = {}): Activity => ({
  ...startActivity(0),
  lastAt,
  ...more,
});

describe("[A-18] deadlines of a running turn", () => {
  test.each([
    ["just started", quietSince(0), 0, { verdict: "active", checkInMs: 2 * MIN }],
    ["silent almost 2 min", quietSince(0), 2 * MIN - 1, { verdict: "active", checkInMs: 1 }],
    ["silent 2 min", quietSince(0), 2 * MIN, { verdict: "stalled", checkInMs: 18 * MIN }],
    ["silent 20 min", quietSince(0), 20 * MIN, { verdict: "timeout", limit: "idle", limitMs: 20 * MIN }],
    [
      "silent 20 min while a tool runs",
      quietSince(0, { toolRunning: true }),
      20 * MIN,
      { verdict: "stalled", checkInMs: 40 * MIN },
    ],
    [
      "silent 60 min while a tool runs",
      quietSince(0, { toolRunning: true }),
      HOUR,
      { verdict: "timeout", limit: "toolIdle", limitMs: HOUR },
    ],
    [
      "12 h in all",
      quietSince(12 * HOUR - 1),
      12 * HOUR,
      { verdict: "timeout", limit: "total", limitMs: 12 * HOUR },
    ],
    ["close to 12 h", quietSince(12 * HOUR - 1), 12 * HOUR - 1, { verdict: "active", checkInMs: 1 }],
    [
      "a human is asked for a day",
      quietSince(0, { humanSince: 1 }),
      24 * HOUR,
      { verdict: "active", checkInMs: undefined },
    ],
    [
      "12 h of which a human took 3",
      quietSince(12 * HOUR, { humanMs: 3 * HOUR }),
      12 * HOUR,
      { verdict: "active", checkInMs: 2 * MIN },
    ],
  ] as const)("[A-18] %s", (_name, activity, now, verdict) => {
    expect(judge(activity, limits, now)).toEqual(verdict);
  });

  test("[A-18] waiting for a human counts neither as silence nor in all", () => {
    let activity = noteHumans(startActivity(0), 10, 1);
    activity = noteHumans(activity, 20, 2);
    activity = noteHumans(activity, 5 * HOUR, 1);
    expect(activity.humanSince).toBe(10);
    activity = noteHumans(activity, 6 * HOUR + 10, 0);
    expect(activity).toMatchObject({ humanSince: undefined, humanMs: 6 * HOUR, lastAt: 6 * HOUR + 10 });
    expect(judge(activity, limits, 18 * HOUR - 1).verdict).toBe("timeout");
    expect(judge(noteEvent(activity, 18 * HOUR - 1, false), limits, 18 * HOUR - 1)).toEqual({
      verdict: "active",
      checkInMs: 1,
    });
  });

  test("[A-18] the error says which limit it was", () => {
    expect(timeoutText("idle", 20 * MIN)).toBe("The agent was silent for 20 min and was stopped.");
    expect(timeoutText("toolIdle", HOUR)).toBe(
      "The agent was silent for 60 min while a tool ran and was stopped.",
    );
    expect(timeoutText("total", 30_000)).toBe(
      "The turn ran for 30 s, the most a turn may take, and was stopped.",
    );
  });
});
