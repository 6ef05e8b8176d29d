/**
 * `npm run power-loss -- --images N [--seed S] [--synchronous FULL|NORMAL|OFF] [--root DIR] [--report FILE]`, also as `npm run torture -- --power-loss ...`. With FULL any
 * violation is exit code 1. With NORMAL and OFF losses are what is expected: there it is exit code 1 when none was seen.
 */
import { writeFileSync } from "node:fs";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { powerLoss } from "./power-loss.ts";
import type { Synchronous } from "./traced-run.ts";

const { values } = parseArgs({
  options: {
    "power-loss": { type: "boolean" },
    images: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    synchronous: { type: "string", default: "FULL" },
    root: { type: "string" },
    report: { type: "string" },
  },
});
const images = Number(values.images);
if (!Number.isInteger(images) || images < 1)
  throw new RangeError(`--images ${values.images} is not a whole number from 1.`);
const isSynchronous = (text: string): text is Synchronous => ["FULL", "NORMAL", "OFF"].includes(text);
const { synchronous, seed } = values;
if (!isSynchronous(synchronous))
  throw new RangeError(`--synchronous is FULL, NORMAL or OFF, not ${synchronous}.`);
const say = (line: string) => void process.stdout.write(`${line}\n`);
const root = values.root ?? (await realpath(await mkdtemp(join(tmpdir(), "holdfast-power-loss-"))));
say(`power loss: ${images} images, seed ${seed}, synchronous=${synchronous}, in ${root}`);
const report = await powerLoss({ images, seed, synchronous, root, say });
for (const violation of report.violations.slice(0, 5)) say(`  ${violation}`);
say(
  `checked: ${report.runs} traced runs, ${report.operations} operations, ${report.syncs} syncs; ${report.answers} answers and ${report.frames} frames held against the images`,
);
say(`images ${report.images}, with losses ${report.broken}`);
const isAsExpected = synchronous === "FULL" ? report.broken === 0 : report.broken > 0;
if (values.report !== undefined) writeFileSync(values.report, `${JSON.stringify(report, undefined, 2)}\n`);
if (isAsExpected && values.root === undefined)
  await rm(root, { recursive: true, force: true, maxRetries: 5 });
else say(`kept ${root}`);
process.exitCode = isAsExpected ? 0 : 1;
