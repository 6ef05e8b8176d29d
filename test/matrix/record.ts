/** `npm run matrix -- --record`: plays the cells of what an agent does not tell, each on a server of its own, and keeps what passed between Holdfast and the agent. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import type { AgentConfig } from "@holdfast/protocol";
import { rehearsalBin } from "@holdfast/rehearsal";
import { neutralText } from "../real-agents/neutral.ts";
import { type AgentId, matrixAgent } from "./agents.ts";
import { Bench } from "./bench.ts";
import type { CaseId } from "./cases.ts";
import { streamOf } from "./cells.ts";
import { isAsExpected, playCell, type Result } from "./play.ts";

const TAP = join(import.meta.dirname, "tap.ts");
const PROGRAMS = join(import.meta.dirname, "../../test-agents");
const REPOSITORY = join(import.meta.dirname, "../..");

/** Records one cell below `root` and answers how it went; only a cell that is as expected is kept. */
export async function recordCell(agent: AgentId, id: CaseId, root: string): Promise<Result> {
  const directory = join(root, `${agent}-${id}`);
  const raw = join(directory, "stream.jsonl");
  await mkdir(directory, { recursive: true });
  const result = await playTapped(agent, id, directory, raw);
  if (!isAsExpected(result)) return result;
  const lines = (await readFile(raw, "utf8")).trim().split("\n");
  const places: [string, string][] = [
    [join(directory, "projects", "1"), "/home/user/project"],
    [join(directory, "agent-home"), "/home/user"],
    [directory, "/home/user/holdfast"],
    [PROGRAMS, "/home/user/agents"],
    [REPOSITORY, "/home/user/agents"],
  ];
  const text = neutralText(
    lines.map((line): unknown => JSON.parse(line)),
    places,
    root,
  );
  await writeFile(join(import.meta.dirname, streamOf(agent, id)), text);
  return result;
}

async function playTapped(agent: AgentId, id: CaseId, directory: string, raw: string): Promise<Result> {
  const plain = matrixAgent(agent);
  await using bench = await Bench.open(
    {
      ...plain,
      prepare: async (options) => {
        const set = (await plain.prepare(options)) ?? REHEARSAL;
        const env = { ...set.env, TAP_FILE: raw };
        return { ...set, env, command: [process.execPath, TAP, ...set.command] };
      },
    },
    directory,
  );
  return await playCell(bench, id);
}

const REHEARSAL: AgentConfig = { backend: "acp", command: [process.execPath, rehearsalBin] };
