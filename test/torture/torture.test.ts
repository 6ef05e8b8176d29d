import { expect, test } from "vitest";
import { temporaryDirectory } from "../harness/index.ts";
import { amount, isWhole } from "../harness/sample.ts";
import { PHASES } from "./kill-plan.ts";
import { torture } from "./torture.ts";

/** In a sample, one in each phase. */
const KILLS = amount(PHASES.length, 20);
const SEED = process.env["HOLDFAST_TEST_SEED"] ?? "1";

test(`[D-5, D-12, D-18, D-22] ${KILLS} kills in every phase, seed ${SEED}: nothing acknowledged is lost, doubled or stuck`, async () => {
  await using directory = await temporaryDirectory("torture");
  const report = await torture({
    kills: KILLS,
    seed: SEED,
    depth: 1,
    isNative: false,
    root: directory.path,
    say: () => undefined,
  });
  expect(report.violations).toEqual([]);
  expect(PHASES.filter((phase) => report.phases[phase].kills === 0)).toEqual([]);
  expect(report.withAgents).toBeGreaterThan(0);
  expect(report.checked.deltas).toBeGreaterThan(0);
  expect(report.checked.inputs).toBeGreaterThan(KILLS);
  expect(report.checked.subtasks).toBeGreaterThan(0);
  expect(report.calls.begun).toBeGreaterThan(0);
  // Few kills leave few of them; that each was in its phase is asked above.
  const { ownTurns, questions, retries, compactions } = report.checked;
  if (isWhole) expect(Math.min(ownTurns, questions, retries, compactions)).toBeGreaterThan(0);
});
