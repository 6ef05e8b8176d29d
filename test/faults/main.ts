/** `npm run faults -- core|reviews [--only PREFIX] [--every N] [--report FILE]`. Exit code 1 on a violation; what was violated is kept. */
import { writeFileSync } from "node:fs";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { faults } from "./faults.ts";
import { reviewFaults } from "./reviews.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: "string" }, every: { type: "string", default: "1" }, report: { type: "string" } },
});
const [part = "core", ...rest] = positionals;
if (rest.length > 0 || (part !== "core" && part !== "reviews"))
  throw new RangeError(`There are core and reviews, not ${positionals.join(", ")}.`);
const every = Number(values.every);
if (!Number.isInteger(every) || every < 1)
  throw new RangeError(`--every ${values.every} is not a whole number from 1.`);
const root = await realpath(await mkdtemp(join(tmpdir(), "holdfast-faults-")));
const say = (line: string) => void process.stdout.write(`${line}\n`);
const began = performance.now();
const options = { every, say, ...(values.only === undefined ? {} : { only: values.only }) };
const report = part === "core" ? await faults({ root, ...options }) : await reviewFaults(options);
for (const [command, count] of Object.entries(report.commands)) say(`  ${command.padEnd(22)} ${count}`);
say(
  `points ${report.points}, tried ${report.tried}, violations ${report.violations.length}, ${Math.round((performance.now() - began) / 1_000)} s`,
);
if (values.report !== undefined) writeFileSync(values.report, `${JSON.stringify(report, undefined, 2)}\n`);
if (report.violations.length === 0) await rm(root, { recursive: true, force: true, maxRetries: 5 });
process.exitCode = report.violations.length === 0 ? 0 : 1;
