import { readFileSync } from "node:fs";

/** Counted tests of one run. */
export type Tally = { passed: number; failed: number };

type Report = {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { status: string; assertionResults: { status: string }[] }[];
};

/**
 * Counts the tests of a vitest JSON report. A test file that failed without a failed test (it did not load, its hook threw) counts as
 * one failure, and so does a run that failed for any other reason or left no readable report: a failed run never counts 0 failures.
 */
export function tallyOf(reportFile: string, runPassed: boolean): Tally {
  const report = readReport(reportFile);
  if (report === undefined) return { passed: 0, failed: 1 };
  const brokenFiles = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.every((result) => result.status !== "failed"),
  );
  const failed = report.numFailedTests + brokenFiles.length;
  return { passed: report.numPassedTests, failed: runPassed ? failed : Math.max(failed, 1) };
}

function readReport(reportFile: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(reportFile, "utf8")) as Report;
  } catch {
    return undefined;
  }
}
