/**
 * `npm run sabotage [-- --only name] [--report file]`: breaks one promise after another in a copy of the tree and demands that a test turns red.
 * Prints one line per sabotage and writes a report as JSON (`tmp/sabotage.json` unless told otherwise); exits 1 when one survives, does not apply, or breaks the text instead of the promise.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { SABOTAGES } from "./table/index.ts";
import { type Finding, isCaught, lineOf, tryAll } from "./trial.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    report: { type: "string", default: join(import.meta.dirname, "../../tmp/sabotage.json") },
  },
});
const only = values.only ?? [];
const unknown = only.filter((name) => !SABOTAGES.some((sabotage) => sabotage.name === name));
if (unknown.length > 0) throw new RangeError(`There is no sabotage named ${unknown.join(", ")}.`);
const chosen = only.length === 0 ? SABOTAGES : SABOTAGES.filter(({ name }) => only.includes(name));

/** Much of a catcher's time is waiting; more copies than two would make deadlines of tests come too early. */
const lanes = Math.min(2, availableParallelism(), chosen.length);

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));

const started = performance.now();
const findings: Finding[] = await tryAll(chosen, lanes, (finding) =>
  process.stdout.write(`${lineOf(finding)}\n`),
);
const caught = findings.filter(isCaught).length;
const seconds = Math.round((performance.now() - started) / 1000);
process.stdout.write(`sabotages ${findings.length}, caught ${caught}, in ${seconds} s\n`);
mkdirSync(dirname(values.report), { recursive: true });
const report = { sabotages: findings.length, caught, seconds, findings };
writeFileSync(values.report, `${JSON.stringify(report, undefined, 2)}\n`);
process.exitCode = caught === findings.length ? 0 : 1;
