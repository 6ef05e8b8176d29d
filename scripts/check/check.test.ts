import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { runStep, runSteps, type Step } from "./run-step.ts";
import { tallyOf } from "./test-tally.ts";

const root = join(import.meta.dirname, "../..");
const scratch = mkdtempSync(join(tmpdir(), "holdfast-check-test-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const step = (command: string, deadlineMs = 30_000): Step => ({ name: "seed", command, deadlineMs });

function report(content: unknown): string {
  const path = join(scratch, "report.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

test("a step runs the pinned node under CI=true and without stdin", async () => {
  const ask = `process.stdin.on("data", () => {}).on("end", () => console.log(process.version, process.env.CI))`;
  const { passed, output } = await runStep(root, step(`node -e '${ask}'`));
  expect(passed).toBe(true);
  expect(output.trim()).toBe(`${process.version} true`);
});

test("a step that fails keeps what it printed", async () => {
  const { passed, output } = await runStep(root, step("echo out; echo err >&2; exit 3"));
  expect(passed).toBe(false);
  expect(output).toContain("out\n");
  expect(output).toContain("err\n");
});

test("a step past its deadline is ended with its children and has failed", async () => {
  const { passed, output } = await runStep(root, step("sleep 10000 & sleep 10000; wait", 100));
  expect(passed).toBe(false);
  expect(output).toContain("took longer than 0.1 s");
});

test("a stopped run ends its steps and starts nothing that goes on", async () => {
  const stop = new AbortController();
  const outcomes = runSteps(root, [step("sleep 100"), step("sleep 100")], 1, () => undefined, stop.signal);
  stop.abort();
  expect((await outcomes).map((outcome) => outcome.passed)).toEqual([false, false]);
});

test("every step is told once, also after a failure", async () => {
  const told: boolean[] = [];
  const steps = ["exit 1", "true", "true"].map((command) => step(command));
  const outcomes = await runSteps(root, steps, 2, (outcome) => told.push(outcome.passed));
  expect(told.filter((passed) => passed)).toHaveLength(2);
  expect(told.filter((passed) => !passed)).toHaveLength(1);
  expect(outcomes).toHaveLength(3);
});

test("the tally counts tests, and files that failed without a test", () => {
  const passing = { status: "passed", assertionResults: [{ status: "passed" }] };
  const failing = { status: "failed", assertionResults: [{ status: "failed" }] };
  const broken = { status: "failed", assertionResults: [] };
  const file = report({ numPassedTests: 5, numFailedTests: 1, testResults: [passing, failing, broken] });
  expect(tallyOf(file, false)).toEqual({ passed: 5, failed: 2 });
});

test("a failed run never counts zero failures", () => {
  const green = report({ numPassedTests: 5, numFailedTests: 0, testResults: [] });
  expect(tallyOf(green, true)).toEqual({ passed: 5, failed: 0 });
  expect(tallyOf(green, false)).toEqual({ passed: 5, failed: 1 });
  expect(tallyOf(join(scratch, "none.json"), false)).toEqual({ passed: 0, failed: 1 });
  expect(tallyOf(report("{"), true)).toEqual({ passed: 0, failed: 1 });
});
