/** `npm run faults -- core|worktree|reviews|native [--only PREFIX] [--every N] [--from N] [--random N] [--seed N] [--report FILE]`; `worktree` ends with the reviews. Exit code 1 on a violation; what was violated is kept. */
import { writeFileSync } from "node:fs";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { faults, type FaultsReport } from "./faults.ts";
import { nativeFaults } from "./native.ts";
import { reviewFaults } from "./reviews.ts";
import { worktreeFaults } from "./worktree.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string" },
    every: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    random: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    report: { type: "string" },
  },
});
const [part = "core", ...rest] = positionals;
if (rest.length > 0 || !["core", "worktree", "reviews", "native"].includes(part))
  throw new RangeError(`There are core, worktree, reviews and native, not ${positionals.join(", ")}.`);
const wholeNumber = (name: "every" | "from", least: number): number => {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= least) return value;
  throw new RangeError(`--${name} ${values[name]} is not a whole number from ${least}.`);
};
const [every, from] = [wholeNumber("every", 1), wholeNumber("from", 0)];
const root = await realpath(await mkdtemp(join(tmpdir(), "holdfast-faults-")));
const say = (line: string) => void process.stdout.write(`${line}\n`);
const began = performance.now();
const options = { every, say, ...(values.only === undefined ? {} : { only: values.only }) };
const report = await run();
for (const [command, count] of Object.entries(report.commands)) say(`  ${command.padEnd(22)} ${count}`);
say(
  `points ${report.points}, tried ${report.tried}, violations ${report.violations.length}, ${Math.round((performance.now() - began) / 1_000)} s`,
);
if (values.report !== undefined) writeFileSync(values.report, `${JSON.stringify(report, undefined, 2)}\n`);
if (report.violations.length === 0) await rm(root, { recursive: true, force: true, maxRetries: 5 });
process.exitCode = report.violations.length === 0 ? 0 : 1;

async function run(): Promise<FaultsReport> {
  if (part === "core") return faults({ root, from, ...options });
  if (part === "native") return nativeFaults({ root, from, ...options });
  if (part === "reviews") return reviewFaults(options);
  const lifecycle = await worktreeFaults({
    root,
    ...options,
    random: Number(values.random),
    seed: Number(values.seed),
  });
  const reviews = await reviewFaults(options);
  return {
    points: lifecycle.points + reviews.points,
    tried: lifecycle.tried + reviews.tried,
    commands: { ...lifecycle.commands, ...reviews.commands },
    violations: [...lifecycle.violations, ...reviews.violations],
  };
}
