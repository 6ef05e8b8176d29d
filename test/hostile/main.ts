/** `npm run hostile [-- --only TEXT] [--report FILE]`: bad requests and a hostile agent against the real server; a table of what each got. Exit code 1 on a miss. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { temporaryDirectory } from "../harness/index.ts";
import { AGENT_CASES } from "./agent-cases.ts";
import { APPROVAL_CASES } from "./approval-cases.ts";
import { GIT_CASES } from "./git-cases.ts";
import { attack } from "./hostile.ts";
import { HTTP_CASES } from "./http-cases.ts";
import { IMPOSTOR_CASES } from "./impostor-cases.ts";
import { LOAD_CASES } from "./load-cases.ts";

const { values } = parseArgs({
  options: { only: { type: "string", default: "" }, report: { type: "string" } },
});
await using root = await temporaryDirectory("hostile");
const ALL = [
  ...HTTP_CASES,
  ...IMPOSTOR_CASES,
  ...AGENT_CASES,
  ...APPROVAL_CASES,
  ...GIT_CASES,
  ...LOAD_CASES,
];
const cases = ALL.filter(({ name }) => name.includes(values.only));
const report = await attack(root.path, cases, (line) => void process.stdout.write(`${line}\n`));
const { probes, slowestMs, startMib, peakMib, endMib } = report.watched;
process.stdout.write(
  `cases ${report.cases.length}, missed ${report.missed.length}; ${probes} probes, the slowest ${Math.round(slowestMs)} ms; memory ${startMib} MiB at first, ${peakMib} at most, ${endMib} at the end\n`,
);
for (const missed of report.missed) process.stdout.write(`MISSED ${missed}\n`);
if (values.report !== undefined) writeFileSync(values.report, `${JSON.stringify(report, undefined, 2)}\n`);
process.exitCode = report.missed.length === 0 ? 0 : 1;
