/**
 * `npm run torture -- --kills N --seed S [--depth D] [--root DIR] [--report FILE] [--native] [--keep]`: kills the real server in every phase of its work and holds every
 * acknowledged byte against what is there afterwards (durability 11). Prints kills per phase and what was checked, writes `report.json`, exits 1 on a
 * violation and keeps the directory. `--power-loss --images N` is the other torture: see test/power-loss. With `--resume` and the `--root` of an interrupted run, that run goes on.
 */
import { existsSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { print, shortOf } from "./report.ts";
import { torture } from "./torture.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    depth: { type: "string", default: "3" },
    root: { type: "string" },
    report: { type: "string" },
    resume: { type: "boolean", default: false },
    native: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
  },
});
const wholeNumber = (name: "kills" | "depth"): number => {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RangeError(`--${name} ${values[name]} is not a whole number from 1.`);
};
const [kills, depth] = [wholeNumber("kills"), wholeNumber("depth")];
if (values.resume && values.root === undefined) throw new RangeError("--resume needs the --root of the run.");

if (values.root !== undefined) await mkdir(values.root, { recursive: true });
const root = await realpath(values.root ?? (await mkdtemp(join(tmpdir(), "holdfast-torture-"))));
const isBegun = existsSync(join(root, "state.json"));
if (isBegun && !values.resume) throw new RangeError(`${root} holds a run already. Go on with --resume.`);
const say = (line: string) => void process.stdout.write(`${line}\n`);
say(`torture: ${kills} kills, seed ${values.seed}, in ${root}${isBegun ? ", resumed" : ""}`);
const report = await torture({ kills, seed: values.seed, depth, isNative: values.native, root, say });
print(report, say);
const isShort = values.native && shortOf(report).length > 0;
const isFine = report.violations.length === 0 && !isShort;
process.exitCode = isFine ? 0 : 1;
const text = `${JSON.stringify(report, undefined, 2)}\n`;
writeFileSync(values.report ?? join(root, "report.json"), text);
if (isFine && !values.keep && values.root === undefined)
  await rm(root, { recursive: true, force: true, maxRetries: 5 });
else say(`kept ${root}`);
