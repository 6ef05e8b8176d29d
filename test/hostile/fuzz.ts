/** `npm run fuzz [-- --requests N --seed S --report FILE]`: see fuzz-server.ts. Exit code 1 when anything was wrong. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { temporaryDirectory } from "../harness/index.ts";
import { fuzz } from "./fuzz-run.ts";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "2000" },
    seed: { type: "string", default: "1" },
    report: { type: "string" },
  },
});
const requests = Number(values.requests);
if (!Number.isInteger(requests) || requests < 1)
  throw new RangeError(`--requests ${values.requests} is not a whole number from 1.`);
await using root = await temporaryDirectory("fuzz");
const report = await fuzz(root.path, requests, values.seed);
for (const wrong of report.wrong) process.stdout.write(`WRONG ${wrong}\n`);
const { slowestMs, startMib, peakMib, endMib } = report.watched;
process.stdout.write(
  `seed ${values.seed}: ${report.requests} requests, ${report.turns} turns of the nonsense agent, answers ${JSON.stringify(report.statuses)}; wrong ${report.wrong.length}; slowest probe ${Math.round(slowestMs)} ms; memory ${startMib} MiB at first, ${peakMib} at most, ${endMib} at the end\n`,
);
if (values.report !== undefined) writeFileSync(values.report, `${JSON.stringify(report, undefined, 2)}\n`);
process.exitCode = report.wrong.length === 0 ? 0 : 1;
