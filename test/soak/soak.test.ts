import { describe, expect, test } from "vitest";
import { temporaryDirectory } from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";
import { Random } from "../torture/random.ts";
import { planSoak, turnsOf } from "./plan.ts";
import { isSound, soak } from "./soak.ts";

describe("the soak", () => {
  test.runIf(isWhole)(
    "[A-8, A-11, A-15, A-17] 25 seeded turns of 4 sessions on 2 places: nothing stuck, nothing left, nothing mixed up",
    async () => {
      await using root = await temporaryDirectory("soak");
      const report = await soak({ turns: 25, seed: "ci", root: root.path, sessions: 4, maxLive: 2 });
      expect(report).toMatchObject({ stuck: [], leaked: [], wrong: [] });
      expect(isSound(report)).toBe(true);
      // It did what it is there for: agents were evicted and came back, killed and cancelled.
      expect(report.openings["resumed by resume"]).toBeGreaterThan(0);
      expect(report.outcomes["failed/crashed"]).toBeGreaterThan(0);
      expect(report.outcomes["aborted/cancelled"]).toBeGreaterThan(0);
      expect(report.mostPrograms).toBe(2);
      expect(Object.values(report.kinds).reduce((sum, count) => sum + count, 0)).toBe(25);
    },
  );

  test("[A-8] a seed is a plan of exactly so many turns, which begins with a word of each session and ends with its recall", () => {
    const plan = planSoak(new Random("1"), 500, 8);
    expect(plan).toEqual(planSoak(new Random("1"), 500, 8));
    expect(plan.reduce((sum, step) => sum + turnsOf(step), 0)).toBe(500);
    expect(plan.slice(0, 8).map(({ kind }) => kind)).toEqual(Array.from({ length: 8 }, () => "remember"));
    expect(plan.slice(-8).map(({ kind, session }) => `${kind} ${session}`)).toEqual(
      Array.from({ length: 8 }, (_, session) => `recall ${session}`),
    );
    expect(new Set(plan.map(({ kind }) => kind)).size).toBe(6);
    expect(() => planSoak(new Random("1"), 15, 8)).toThrow("not enough");
  });
});
