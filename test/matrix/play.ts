import { mkdir } from "node:fs/promises";
/** Plays cells of the table: one server per agent, one case after the other. */
import { join } from "node:path";
import { type AgentId, matrixAgent } from "./agents.ts";
import { Bench } from "./bench.ts";
import { CASES, type CaseId } from "./cases.ts";
import { expectationOf } from "./cells.ts";

/** One cell as it was played; `seen` is absent where the program cannot do it. */
export type Result = { agent: AgentId; id: CaseId; seen?: string };

export const isAsExpected = ({ agent, id, seen }: Result): boolean => {
  const expectation = expectationOf(agent, id);
  return typeof expectation === "string" ? seen === expectation : seen === undefined;
};

/** What the table says of a cell. */
export function expectedOf({ agent, id }: Result): string {
  const expectation = expectationOf(agent, id);
  return typeof expectation === "string" ? expectation : `n/a: ${expectation.notApplicable}`;
}

/** Plays these cases with one agent below `root`. A case that breaks is a result too, and the next one gets a new server. */
export async function playAgent(
  agent: AgentId,
  ids: readonly CaseId[],
  root: string,
  say: (line: string) => void,
): Promise<Result[]> {
  const directory = join(root, agent);
  await mkdir(directory, { recursive: true });
  await using bench = await Bench.open(matrixAgent(agent), directory);
  const results: Result[] = [];
  for (const id of ids) {
    const result = await playCell(bench, id);
    results.push(result);
    say(lineOf(result));
  }
  return results;
}

async function playCell(bench: Bench, id: CaseId): Promise<Result> {
  const agent = bench.agent.id;
  if (typeof expectationOf(agent, id) !== "string") return { agent, id };
  try {
    return { agent, id, seen: await CASES[id].play(bench) };
  } catch (error) {
    await bench.restart();
    return { agent, id, seen: `broke: ${(error as Error).message}` };
  }
}

function lineOf(result: Result): string {
  const { agent, id, seen } = result;
  return isAsExpected(result)
    ? `${agent} ${id}: ${expectedOf(result)}`
    : `${agent} ${id}: SEEN ${seen}; EXPECTED ${expectedOf(result)}`;
}
