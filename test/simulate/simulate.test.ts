import { availableParallelism } from "node:os";
import { describe, expect, test } from "vitest";
import { amount } from "../harness/sample.ts";
import { FAULTS } from "./faults.ts";
import { runSeeds } from "./run-seeds.ts";
import { simulate } from "./simulate.ts";

const FIRST = Number(process.env["HOLDFAST_TEST_SEED"] ?? 1);

describe("[S-3, S-6, S-7] what readers see is what was published, whatever the network and the processes do", () => {
  test("over many seeds", async () => {
    const seeds = amount(2_000, 20_000);
    const report = await runSeeds({ first: FIRST, seeds, threads: availableParallelism() });
    expect(report.violations).toEqual([]);
    expect(report.seeds).toBe(seeds);
    for (const fault of FAULTS) expect(report.faults, fault).toHaveProperty([fault]);
  });

  test("over the seeds on which sabotages are tried", async () => {
    const report = await runSeeds({ first: FIRST, seeds: 100, threads: availableParallelism() });
    expect(report.violations).toEqual([]);
  });

  test.each([
    [246, "a bump of ours waits while somebody else renewed the share"],
    [694, "a share is taken back by a sender that had held it before"],
  ])("seed %i, which once failed: %s", async (seed) => {
    expect((await simulate(seed)).violations).toEqual([]);
  });

  test("the same seed is the same run", async () => {
    const [one, other] = [await simulate(FIRST), await simulate(FIRST)];
    expect(other).toEqual(one);
    expect((await simulate(FIRST + 1)).digest).not.toBe(one.digest);
  });
});
