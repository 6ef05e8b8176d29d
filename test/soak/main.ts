/**
 * `npm run soak [-- --turns 500 --seed 1 --report FILE]`: many turns on a pool that is too small, with seeded cancels and kills; the last of the sessions has
 * the real Goose. Prints what it counted; exit code 1 on a stuck turn, a leak or cross-talk.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { install } from "../../test-agents/install.ts";
import { temporaryDirectory } from "../harness/index.ts";
import { isSound, soak } from "./soak.ts";
import type { Counts } from "./talk.ts";

const { values } = parseArgs({
  options: {
    turns: { type: "string", default: "500" },
    seed: { type: "string", default: "1" },
    report: { type: "string" },
  },
});
const turns = Number(values.turns);
if (!Number.isInteger(turns) || turns < 1)
  throw new RangeError(`--turns ${values.turns} is not a whole number.`);
const say = (line: string) => void process.stdout.write(`${line}\n`);
const list = (counts: Counts) =>
  Object.entries(counts)
    .toSorted(([one], [other]) => one.localeCompare(other))
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");

await install(say);
await using root = await temporaryDirectory("soak");
const report = await soak({ turns, seed: values.seed, root: root.path, lastAgent: "goose", say });
const { handles, memoryMib } = report;
say(`turns: ${list(report.kinds)}`);
say(`ended: ${list(report.outcomes)}`);
say(`agents found: ${list(report.openings)}`);
say(
  `${report.sessions} sessions, ${report.maxLive} agents may live, ${report.mostPrograms} seen at once; descriptors ${handles.first} at first, ` +
    `${handles.last} at rest with ${handles.live} agents; memory ${memoryMib.first} MiB at first, ${memoryMib.last} at the end; ${report.seconds} s`,
);
for (const what of [...report.stuck, ...report.leaked]) say(`WRONG ${what}`);
for (const { session, turn, what } of report.wrong) say(`WRONG session ${session}, turn ${turn}: ${what}`);
say(
  `seed ${report.seed}: ${report.turns} turns, stuck ${report.stuck.length}, leaked ${report.leaked.length}, wrong ${report.wrong.length}`,
);
if (values.report !== undefined) writeFileSync(values.report, `${JSON.stringify(report, undefined, 2)}\n`);
process.exitCode = isSound(report) ? 0 : 1;
