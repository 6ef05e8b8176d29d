import { describe, expect, test } from "vitest";
import { killPlan, PHASES } from "./kill-plan.ts";
import { Pending } from "./pending.ts";
import { Random } from "./random.ts";
import type { Exchange } from "./record-log.ts";

describe("the plan of the torture", () => {
  test("[D-18] every phase gets its share, and half of the kills spare the agents", () => {
    const plan = killPlan(30 * PHASES.length, new Random("1"), 1);
    expect(plan).toHaveLength(30 * PHASES.length);
    for (const phase of PHASES) {
      const kills = plan.filter((kill) => kill.phase === phase);
      expect(kills).toHaveLength(30);
      expect(kills.filter(({ withAgents }) => withAgents)).toHaveLength(15);
    }
  });

  test("the same seed gives the same plan, another one another", () => {
    expect(killPlan(50, new Random("a"), 1)).toEqual(killPlan(50, new Random("a"), 1));
    expect(killPlan(50, new Random("a"), 1)).not.toEqual(killPlan(50, new Random("b"), 1));
  });

  test("recovery is killed after a life that leaves a turn behind", () => {
    const plan = killPlan(100, new Random("1"), 1);
    const before = plan.flatMap(({ phase }, index) => (phase === "recovery" ? [plan[index - 1]?.phase] : []));
    expect([...new Set(before)]).toEqual(["streaming"]);
  });
});

describe("commands without an answer", () => {
  const asked = (key: string, status?: number): Exchange => ({
    id: key,
    n: 1,
    file: "f",
    method: "POST",
    path: "/api/sessions",
    key,
    frames: [],
    ...(status === undefined ? {} : { answer: { n: 2, status, replayed: false, body: undefined } }),
  });

  test("[D-5] are repeated until somebody answers, a busy store not counted", () => {
    const pending = new Pending();
    pending.take([asked("a"), asked("b", 201), asked("c", 503), asked("d", 409)]);
    expect(pending.all().map(({ key }) => key)).toEqual(["a", "c"]);
    pending.take([asked("a", 201)]);
    expect(pending.all().map(({ key }) => key)).toEqual(["c"]);
  });
});
