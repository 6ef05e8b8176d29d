/**
 * `npm run torture -- --kills N --seed S`: kills the real server in every phase of its work and holds every acknowledged byte against what is there
 * afterwards (durability 11). Prints kills per phase and what was checked; exits 1 on a violation and keeps the directory.
 */
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { torture } from "./torture.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    keep: { type: "boolean", default: false },
  },
});
const kills = Number(values.kills);
if (!Number.isInteger(kills) || kills < 1)
  throw new RangeError(`--kills ${values.kills} is not a whole number from 1.`);

const root = await realpath(await mkdtemp(join(tmpdir(), "holdfast-torture-")));
process.stdout.write(`torture: ${kills} kills, seed ${values.seed}\n`);
const report = await torture({
  kills,
  seed: values.seed,
  root,
  say: (line) => process.stdout.write(`${line}\n`),
});
for (const [phase, count] of Object.entries(report.phases))
  process.stdout.write(`  ${phase.padEnd(14)} ${count}\n`);
const { checked } = report;
process.stdout.write(
  `checked after each start: ${checked.answers} answers, ${checked.frames} frames, ${checked.admissions} inputs, ${checked.deltas} deltas, ` +
    `${checked.ends} ends of turns, ${checked.replies} replies; ${report.withAgents} kills took the agents too, ${report.overdue} came by patience\n`,
);
for (const violation of report.violations) process.stdout.write(`VIOLATION ${violation}\n`);
process.stdout.write(`violations ${report.violations.length}\n`);
process.exitCode = report.violations.length === 0 ? 0 : 1;
if (report.violations.length === 0 && !values.keep)
  await rm(root, { recursive: true, force: true, maxRetries: 5 });
else process.stdout.write(`kept ${root}\n`);
