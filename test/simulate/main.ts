/**
 * `npm run simulate [-- --seeds N --seed S --threads T --report FILE]`: publishers, a network and a share service, the shipped modules, stepped with a virtual clock and every
 * fault of `faults.ts`. `--seeds 1 --trace` prints what happens in one seed. Exit code 1 when a promise was broken, or a long run had no fault of some kind.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { runSeeds } from "./run-seeds.ts";
import { simulate } from "./simulate.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    threads: { type: "string", default: String(availableParallelism()) },
    trace: { type: "boolean", default: false },
    report: { type: "string" },
  },
});
const whole = (name: string, text: string): number => {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new RangeError(`--${name} ${text} is not a whole number from 1.`);
  return number;
};
const [seeds, first, threads] = [
  whole("seeds", values.seeds),
  whole("seed", values.seed),
  whole("threads", values.threads),
];
const say = (line: string) => void process.stdout.write(`${line}\n`);

if (values.trace) {
  const { violations } = await simulate(first, { trace: say });
  for (const what of violations) say(`WRONG ${what}`);
  process.exit(violations.length === 0 ? 0 : 1);
}
let told = 0;
const report = await runSeeds({ first, seeds, threads }, (done, violations) => {
  if (done - told < Math.max(1_000, seeds / 20) && done < seeds) return;
  told = done;
  process.stderr.write(`${done} of ${seeds} seeds, ${violations} with violations\n`);
});
for (const [name, count] of Object.entries(report.faults)) say(`${name}: ${count}`);
for (const name of report.missing) say(`NEVER ${name}`);
for (const { seed, what } of report.violations.slice(0, 20)) say(`WRONG seed ${seed}: ${what.join("; ")}`);
say(
  `seeds ${first} to ${first + seeds - 1}: ${report.steps} steps, ${report.virtualHours} virtual hours, ${report.seconds} s, ${Math.round((report.processorSeconds / seeds) * 10_000) / 10} ms of processor each; violations ${report.violations.length}`,
);
if (values.report !== undefined) writeFileSync(values.report, `${JSON.stringify(report, undefined, 2)}\n`);
process.exitCode = report.violations.length + report.missing.length === 0 ? 0 : 1;
