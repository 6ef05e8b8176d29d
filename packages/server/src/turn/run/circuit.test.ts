import { FakeClock } from "@holdfast/kernel";
import type { SessionId } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { type Circuit, CLOSED, noteCrash, openForMs } from "./circuit.ts";
import { CrashBudgets } from "./crash-budgets.ts";
import { DEFAULT_TURN_SETTINGS } from "./settings.ts";

const limits = DEFAULT_TURN_SETTINGS.circuit;
const crashesAt = (...times: number[]): Circuit =>
  times.reduce((circuit, time) => noteCrash(circuit, limits, time), CLOSED);

describe("[A-17] the crash budget", () => {
  test.each([
    ["two crashes", crashesAt(0, 1_000), 1_000, 0],
    ["three within a minute", crashesAt(0, 1_000, 2_000), 2_000, 60_000],
    ["three, the first over a minute ago", crashesAt(0, 30_000, 60_000), 60_000, 0],
    ["open for half a minute", crashesAt(0, 1_000, 2_000), 32_000, 30_000],
    ["open for a minute", crashesAt(0, 1_000, 2_000), 62_000, 0],
    ["a crash of the turn that was let through", crashesAt(0, 1, 2, 60_002), 60_002, 120_000],
    ["and again", crashesAt(0, 1, 2, 60_002, 180_002), 180_002, 240_000],
    ["ten times", crashesAt(0, 1, 2, 1e6, 2e6, 3e6, 4e6, 5e6, 6e6), 6e6, 600_000],
  ])("[A-17] %s", (_name, circuit, now, open) => {
    expect(openForMs(circuit, now)).toBe(open);
  });

  test("[A-17] only starts that failed count against the agent in other sessions; a good end or a person closes", () => {
    const clock = new FakeClock();
    const budgets = new CrashBudgets(clock, limits);
    const [one, two] = ["ses_one", "ses_two"] as unknown as [SessionId, SessionId];
    for (let count = 0; count < 3; count += 1) budgets.crashed(one, "qwen", "session");
    expect([budgets.blockedForMs(one, "qwen"), budgets.blockedForMs(two, "qwen")]).toEqual([60_000, 0]);
    for (let count = 0; count < 3; count += 1) budgets.crashed(one, "qwen", "start");
    expect(budgets.blockedForMs(two, "qwen")).toBe(60_000);
    expect(budgets.blockedForMs(two, "goose")).toBe(0);
    budgets.closeByHand(one);
    expect([budgets.blockedForMs(one, "qwen"), budgets.blockedForMs(two, "qwen"), budgets.any]).toEqual([
      0,
      0,
      false,
    ]);
    for (let count = 0; count < 3; count += 1) budgets.crashed(two, "qwen", "start");
    budgets.endedWell(two, "qwen");
    expect(budgets.any).toBe(false);
  });
});
