import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Catcher } from "./sabotage.ts";

/** ms one run of catchers may take; a run that does not end has caught nothing. */
const RUN_DEADLINE_MS = 150_000;

/** Failures that come from a text that cannot run, not from a promise that does not hold. */
const BROKEN_TEXT =
  /^(SyntaxError|ReferenceError|Error: (Cannot find|Failed to (load|resolve)|Transform failed))/;

/** A test that was red, and the first line of why. */
export type Red = { title: string; why: string };

/** What a run of tests said. `broken`: why it says nothing, such as a text that cannot be compiled. */
export type Verdict = { passed: number; red: Red[]; broken: string | undefined };

type Report = {
  testResults: {
    message: string;
    status: string;
    assertionResults: { status: string; fullName: string; title: string; failureMessages: string[] }[];
  }[];
};

/** Catchers by file: a pattern of titles holds for all files of a run, so each file is run by itself. One without a title makes its file count whole. */
export function byFile(catchers: readonly Catcher[]): Catcher[][] {
  return [...Map.groupBy(catchers, ({ file }) => file)].map(([file, group]) =>
    group.some(({ title }) => title === undefined) ? [{ file }] : group,
  );
}

/** Runs catchers in the tree at `root` to their end, file by file, without a second try. */
export async function runTests(root: string, catchers: readonly Catcher[]): Promise<Verdict> {
  const verdicts: Verdict[] = [];
  for (const group of byFile(catchers)) verdicts.push(await runGroup(root, group));
  return together(verdicts);
}

/** What several runs say as one. */
export function together(verdicts: readonly Verdict[]): Verdict {
  return {
    passed: verdicts.reduce((sum, { passed }) => sum + passed, 0),
    red: verdicts.flatMap(({ red }) => red),
    broken: verdicts.find(({ broken }) => broken !== undefined)?.broken,
  };
}

async function runGroup(root: string, group: readonly Catcher[]): Promise<Verdict> {
  const output = join(root, "verdict.json");
  rmSync(output, { force: true });
  const printed = await runVitest(root, [...argumentsOf(group), "--reporter=json", `--outputFile=${output}`]);
  const report = readReport(output);
  if (report === undefined) return { passed: 0, red: [], broken: printed.trim().slice(-600) || "no report" };
  return verdictOf(report);
}

/** Names of projects, files and one pattern of titles. */
function argumentsOf(catchers: readonly Catcher[]): string[] {
  const files = [...new Set(catchers.map(({ file }) => file))];
  const projects = new Set(files.map((file) => /^packages\/([^/]+)\//.exec(file)?.[1] ?? "system"));
  const titles = catchers.flatMap(({ title }) => (title === undefined ? [] : [patternOf(title)]));
  const named = titles.length === 0 ? [] : [`-t=${titles.join("|")}`];
  return ["run", ...files, ...[...projects].map((name) => `--project=${name}`), ...named, "--retry=0"];
}

/** A title as it stands in the source, where the place of a value (`%s`, `$kind`, `${kind}`) is anything. */
function patternOf(title: string): string {
  return title.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&").replace(/%[a-z]|\\\$(?:\\\{[a-z]+\\\}|[a-z]+)/g, ".*");
}

function runVitest(root: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    // A group of its own: what a hanging test has started ends with it.
    const child = spawn(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), ...args], {
      cwd: root,
      // A catcher may be a case of the whole suites alone.
      env: { ...process.env, HOLDFAST_TESTS: "whole" },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let printed = "";
    const keep = (chunk: Buffer) => (printed = (printed + chunk.toString()).slice(-20_000));
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const end = () => endGroup(child.pid);
    process.prependOnceListener("exit", end);
    const timer = setTimeout(() => {
      printed += `\nnot done after ${RUN_DEADLINE_MS} ms`;
      end();
    }, RUN_DEADLINE_MS);
    child.on("error", (error) => (printed += String(error)));
    child.on("close", () => {
      clearTimeout(timer);
      process.off("exit", end);
      resolve(printed);
    });
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing of it is left.
  }
}

function readReport(path: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Report;
  } catch {
    return undefined;
  }
}

/** Reads vitest's report: a file that did not load, and a failure of the text itself, are no catch. */
export function verdictOf(report: Report): Verdict {
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const failed = tests.filter((test) => test.status === "failed");
  const red = failed.map((test) => ({ title: test.title, why: firstLine(test.failureMessages[0] ?? "") }));
  const unloaded = report.testResults.find(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  );
  const unrunnable = red.find(({ why }) => BROKEN_TEXT.test(why));
  const passed = tests.filter((test) => test.status === "passed").length;
  const broken = unloaded === undefined ? unrunnable?.why : firstLine(unloaded.message);
  return { passed, red, broken };
}

const firstLine = (text: string): string => text.split("\n")[0]?.slice(0, 300) ?? "";
