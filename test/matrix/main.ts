/**
 * `npm run matrix [-- --all] [--agents goose,qwen] [--cases two-turns,...] [--report FILE]`: plays every cell of the table with real programs and
 * writes `docs/agents.md`. With `--agents` or `--cases` it plays a part and writes nothing but the report. `--all` adds the agents of test-agents/heavy. `--from FILE,FILE` writes the page of the reports of parts, played before; a later one counts. `--record`
 * plays the cells of what an agent does not tell, and keeps their streams. Exit code 1 when a cell is not as expected.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { heavy, install } from "../../test-agents/install.ts";
import { temporaryDirectory } from "../harness/index.ts";
import { type AgentId, HEAVY_IDS, LIGHT_IDS } from "./agents.ts";
import { CASE_IDS } from "./cases.ts";
import { untoldCells } from "./cells.ts";
import { matrixPage } from "./page.ts";
import { isAsExpected, lineOf, playAgent, type Result } from "./play.ts";
import { recordCell } from "./record.ts";

const { values } = parseArgs({
  options: {
    all: { type: "boolean", default: false },
    agents: { type: "string" },
    cases: { type: "string" },
    report: { type: "string" },
    from: { type: "string" },
    record: { type: "boolean", default: false },
  },
});
const say = (line: string) => void process.stdout.write(`${line}\n`);

/** The named ones of those that there are, all without a name. */
function choose<T extends string>(what: string, known: readonly T[], named: string | undefined): T[] {
  const names = named?.split(",");
  const unknown = names?.find((name) => !known.some((one) => one === name));
  if (unknown !== undefined)
    throw new RangeError(`There is no ${what} ${unknown}; there are ${known.join(", ")}.`);
  return known.filter((one) => names?.includes(one) ?? true);
}

const known: AgentId[] = values.all ? [...LIGHT_IDS, ...HEAVY_IDS] : [...LIGHT_IDS];
const agents = choose("agent (heavy ones need --all)", known, values.agents);
const ids = choose("case", CASE_IDS, values.cases);
if (values.record) await record();
else await write();

/** Plays the cells, or takes them from reports, and writes what was asked for. */
async function write(): Promise<void> {
  const { agents: named, cases, from, report } = values;
  const results = from === undefined ? await play() : merge(from.split(",").flatMap(readResults));
  const wrong = results.filter((result) => !isAsExpected(result)).length;
  const isWhole = from !== undefined || (named === undefined && cases === undefined);
  if (isWhole) writeFileSync(join(import.meta.dirname, "../../docs/agents.md"), matrixPage(results));
  if (report !== undefined) writeFileSync(report, `${JSON.stringify({ results, wrong }, undefined, 2)}\n`);
  say(`cells ${results.length}, not as expected ${wrong}${isWhole ? "; wrote docs/agents.md" : ""}`);
  process.exitCode = wrong === 0 ? 0 : 1;
}

async function play(): Promise<Result[]> {
  await install(say);
  if (agents.some((agent) => HEAVY_IDS.some((id) => id === agent))) await install(say, heavy);
  await using root = await temporaryDirectory("matrix");
  const played: Result[] = [];
  for (const agent of agents) played.push(...(await playAgent(agent, ids, root.path, say)));
  return played;
}

/** Keeps the streams of these agents and cases, where something is not told. */
async function record(): Promise<void> {
  await install(say);
  await using root = await temporaryDirectory("matrix");
  for (const cell of untoldCells(agents).filter(({ id }) => ids.includes(id))) {
    const result = await recordCell(cell.agent, cell.id, root.path);
    if (!isAsExpected(result)) process.exitCode = 1;
    say(lineOf(result));
  }
}

/** The last result of each cell, in the order of the table. */
function merge(parts: readonly Result[]): Result[] {
  return [...LIGHT_IDS, ...HEAVY_IDS].flatMap((agent) =>
    CASE_IDS.flatMap((id) => parts.findLast((part) => part.agent === agent && part.id === id) ?? []),
  );
}

function readResults(file: string): Result[] {
  return (JSON.parse(readFileSync(file, "utf8")) as { results: Result[] }).results;
}
