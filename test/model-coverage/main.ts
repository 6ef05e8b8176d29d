/**
 * `npm run model-coverage [-- --from DIR]`: runs the suites that make every row that there is, judges each place of the session model by the table, and
 * writes `docs/model-coverage.md`. `--from` judges the reports of an earlier run. Exit code 1, and no page, when something that is said to be made was not
 * seen, when something that is said to be impossible was, or when a file that is named does not show it.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { ASKED } from "./asked.ts";
import { CANNOT } from "./cannot.ts";
import { judge, judgeFiles, type Made, type Table } from "./judge.ts";
import { coveragePage } from "./page.ts";
import { allPlaces } from "./places.ts";
import type { Report } from "./rows.ts";
import { SOURCES } from "./sources.ts";
import { BACKENDS } from "./tally.ts";

const TABLE: Table = { sources: SOURCES, cannot: CANNOT, asked: ASKED };

const ROOT = join(import.meta.dirname, "../..");

/** Together they make all that is made; some nine minutes on two busy cores. */
const SUITES = {
  "model-coverage": "real rest native",
  "real-agents": "holdfast opencode",
  environment: "full-disk",
  system:
    "agent-sessions agent-turns attachments attribution client-files json-answer logins mcp-servers native not-allowed questions retries session-lists steering subtasks usage-limits worktrees",
};

const { values } = parseArgs({ options: { from: { type: "string" } } });
const say = (line: string) => void process.stdout.write(`${line}\n`);

function runSuites(): string {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-model-"));
  const env = { ...process.env, HOLDFAST_MODEL_ROWS: directory, HOLDFAST_TESTS: "whole" };
  const files = Object.entries(SUITES).flatMap(([folder, names]) =>
    names.split(" ").map((name) => `test/${folder}/${name}`),
  );
  const args = ["vitest", "run", "--project", "system", ...files];
  const { status } = spawnSync("npx", args, { cwd: ROOT, env, stdio: "inherit" });
  if (status !== 0) throw new Error("The suites failed; rows of a failed run prove nothing.");
  return directory;
}

/** All reports as one. */
function madeOf(directory: string): Made {
  const made: Record<string, Record<string, string[]>> = {};
  for (const file of readdirSync(directory)) {
    const { test, counts } = JSON.parse(readFileSync(join(directory, file), "utf8")) as Report;
    for (const [place, by] of Object.entries(counts))
      for (const backend of BACKENDS) {
        if ((by[backend] ?? 0) > 0) ((made[place] ??= {})[backend] ??= []).push(relative(ROOT, test));
      }
  }
  for (const by of Object.values(made)) for (const tests of Object.values(by)) tests.sort();
  return made;
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(join(ROOT, file), "utf8");
  } catch {
    return undefined;
  }
}

const directory = values.from ?? runSuites();
const { lines, faults } = judge(allPlaces(), madeOf(directory), TABLE);
const all = [...faults, ...judgeFiles(TABLE, textOf)];
for (const fault of all) say(fault);
say(`places ${lines.length}, faults ${all.length}; reports in ${directory}`);
if (all.length === 0) writeFileSync(join(ROOT, "docs/model-coverage.md"), coveragePage(lines, TABLE));
process.exitCode = all.length === 0 ? 0 : 1;
