/**
 * `npm run check`, `npm test`: everything a change must pass; suites of many cases run as a seeded sample. `npm run test:full` (`--full`) runs
 * them whole. Prints one line per step with its duration, the whole output of what failed, and at the very end a line `N passed, N failed` that
 * counts the tests. All steps run, also after a failure: one run shows everything that is wrong. Exit code 1 when anything failed.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Outcome, runStep, runSteps, type Step } from "./check/run-step.ts";
import { tallyOf } from "./check/test-tally.ts";

const ROOT = join(import.meta.dirname, "..");
const STEP_DEADLINE_MS = 5 * 60_000;
/** The installer has a deadline of its own, 10 minutes. */
const INSTALL_DEADLINE_MS = 11 * 60_000;
/** At least three times what an idle machine of two cores needs. */
const TESTS_DEADLINE_MS = 45 * 60_000;
const FULL_TESTS_DEADLINE_MS = 180 * 60_000;
/** Steps that do not depend on each other run two at a time: the smallest machines of CI have two cores. */
const AT_ONCE = 2;

/** The `check:` scripts of package.json, the slow ones first. */
const STATIC_STEPS = ["types", "lint", "bounds", "unused", "generated", "rules", "words", "format"];

const isFull = process.argv.includes("--full");
// Read by test/harness/sample.ts.
if (isFull) process.env["HOLDFAST_TESTS"] = "whole";

const scripts = (
  JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> }
).scripts;

function step(name: string, deadlineMs: number): Step {
  const command = scripts[`check:${name}`];
  if (command === undefined) throw new Error(`package.json has no script check:${name}`);
  return { name, command, deadlineMs };
}

function tell({ step: { name, live }, passed, durationMs, output }: Outcome): void {
  console.log(
    `check: ${name.padEnd(12)} ${passed ? "ok    " : "FAILED"} ${(durationMs / 1000).toFixed(1)} s`,
  );
  if (!passed && live !== true) console.log(output.trimEnd());
}

async function check(stop: AbortSignal): Promise<number> {
  const steps = [
    step("test-agents", INSTALL_DEADLINE_MS),
    ...STATIC_STEPS.map((name) => step(name, STEP_DEADLINE_MS)),
  ];
  const outcomes = await runSteps(ROOT, steps, AT_ONCE, tell, stop);

  const scratch = mkdtempSync(join(tmpdir(), "holdfast-check-"));
  const report = join(scratch, "tests.json");
  const tests = step("tests", isFull ? FULL_TESTS_DEADLINE_MS : TESTS_DEADLINE_MS);
  const command = `${tests.command} --reporter=default --reporter=json --outputFile.json="${report}"`;
  const run = await runStep(ROOT, { ...tests, command, live: true }, stop);
  outcomes.push(run);
  const { passed, failed } = tallyOf(report, run.passed);
  rmSync(scratch, { recursive: true, force: true });

  tell(run);
  const broken = outcomes.filter((outcome) => !outcome.passed).map((outcome) => outcome.step.name);
  console.log(broken.length === 0 ? "check: all passed" : `check: failed: ${broken.join(", ")}`);
  console.log(`${passed} passed, ${failed} failed`);
  return broken.length === 0 && failed === 0 ? 0 : 1;
}

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => stopping.abort());
process.exitCode = await check(stopping.signal);
