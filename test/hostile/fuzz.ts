/**
 * `npm run fuzz [-- --requests N --seed S --report FILE]`: see fuzz-server.ts; with `--messages N` the share service instead: see message-fuzz.ts. Exit code 1 when anything
 * was wrong.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { temporaryDirectory } from "../harness/index.ts";
import { fuzz } from "./fuzz-run.ts";
import { fuzzMessages } from "./message-fuzz.ts";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "2000" },
    messages: { type: "string" },
    seed: { type: "string", default: "1" },
    report: { type: "string" },
  },
});
const wanted = values.messages ?? values.requests;
const amount = Number(wanted);
if (!Number.isInteger(amount) || amount < 1) throw new RangeError(`${wanted} is not a whole number from 1.`);
await using root = await temporaryDirectory("fuzz");
const { line, report } = values.messages === undefined ? await requests() : await messages();
for (const wrong of report.wrong) process.stdout.write(`WRONG ${wrong}\n`);
const { slowestMs, startMib, peakMib, endMib } = report.watched;
process.stdout.write(
  `seed ${values.seed}: ${line}; wrong ${report.wrong.length}; slowest probe ${Math.round(slowestMs)} ms; memory ${startMib} MiB at first, ${peakMib} at most, ${endMib} at the end\n`,
);
if (values.report !== undefined) writeFileSync(values.report, `${JSON.stringify(report, undefined, 2)}\n`);
process.exitCode = report.wrong.length === 0 ? 0 : 1;

async function requests() {
  const report = await fuzz(root.path, amount, values.seed);
  const answers = JSON.stringify(report.statuses);
  return {
    report,
    line: `${report.requests} requests, ${report.turns} turns of the nonsense agent, answers ${answers}`,
  };
}

async function messages() {
  const report = await fuzzMessages(root.path, amount, values.seed);
  const answers = JSON.stringify(report.answers);
  const line = `${report.messages} messages in ${report.sessions} sessions and ${report.requests} requests, answers ${answers}; capnweb's thread replaced ${report.replaced} times`;
  return { report, line };
}
