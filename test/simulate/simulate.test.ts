import { availableParallelism } from "node:os";
import { describe, expect, test } from "vitest";
import { amount } from "../harness/sample.ts";
import { runSeeds } from "./run-seeds.ts";
import { simulate } from "./simulate.ts";

const FIRST = Number(process.env["HOLDFAST_TEST_SEED"] ?? 1);
/** Seeds on which sabotages are tried. */
const TRIED = 100;

describe("[S-3, S-6, S-7] what readers see is what was published, whatever the network and the processes do", () => {
  test("over many seeds", async () => {
    const seeds = amount(2_000, 20_000) - TRIED;
    const report = await runSeeds({ first: FIRST + TRIED, seeds, threads: availableParallelism() });
    expect(report).toMatchObject({ violations: [], missing: [], seeds });
  });

  test("over the seeds on which sabotages are tried", async () => {
    const report = await runSeeds({ first: FIRST, seeds: TRIED, threads: availableParallelism() });
    expect(report.violations).toEqual([]);
  });

  test.each([
    [127, "a copy of an upload arrives while that upload is being noted"],
    [246, "a bump of ours waits while somebody else renewed the share"],
    [694, "a share is taken back by a sender that had held it before"],
    [56, "a row gives a content up that a later one of the same batch shows"],
    [640, "a service forgets a link and the bump that is to end it"],
    [824, "a service comes back without a content that it shows, and with all operations"],
  ])("seed %i, which once failed: %s", async (seed) => {
    expect((await simulate(seed)).violations).toEqual([]);
  });

  test("the same seed is the same run", async () => {
    const [one, other] = [await simulate(FIRST), await simulate(FIRST)];
    expect(other).toEqual(one);
    expect((await simulate(FIRST + 1)).digest).not.toBe(one.digest);
  });
});
