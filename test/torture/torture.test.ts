import { expect, test } from "vitest";
import { temporaryDirectory } from "../harness/index.ts";
import { amount, isWhole } from "../harness/sample.ts";
import { PHASES } from "./kill-plan.ts";
import { torture } from "./torture.ts";

/** In a sample, one in each of half the phases; which half, the seed says. */
const KILLS = amount(PHASES.length / 2, 20);
const SEED = process.env["HOLDFAST_TEST_SEED"] ?? "1";

test(`[D-5, D-12, D-18, D-22] ${KILLS} kills in as many phases, seed ${SEED}: nothing acknowledged is lost, doubled or stuck`, async () => {
  await using directory = await temporaryDirectory("torture");
  const report = await torture({
    kills: KILLS,
    seed: SEED,
    depth: 1,
    root: directory.path,
    say: () => undefined,
  });
  expect(report.violations).toEqual([]);
  const reached = PHASES.filter((phase) => report.phases[phase].kills > 0);
  expect(reached.length).toBeGreaterThanOrEqual(Math.min(KILLS, PHASES.length));
  expect(report.withAgents).toBeGreaterThan(0);
  expect(report.checked.deltas).toBeGreaterThan(0);
  expect(report.checked.inputs).toBeGreaterThan(KILLS);
  expect(report.calls.begun).toBeGreaterThan(0);
  // Few kills leave few of them; that each was in its phase is asked above.
  const { subtasks, ownTurns, questions, retries, compactions } = report.checked;
  if (isWhole) expect(Math.min(subtasks, ownTurns, questions, retries, compactions)).toBeGreaterThan(0);
});
