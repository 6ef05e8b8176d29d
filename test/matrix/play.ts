/** Plays cells of the table: one server per agent, one case after the other. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type AgentId, matrixAgent } from "./agents.ts";
import { Bench } from "./bench.ts";
import { CASES, type CaseId } from "./cases.ts";
import { expectationOf, streamOf, UNTOLD } from "./cells.ts";

/** One cell as it was played; `seen` is absent where the program cannot do it. */
export type Result = { agent: AgentId; id: CaseId; seen?: string };

/** What the table says must be seen of a cell; nothing where the program cannot do it. */
export function wantedOf({ agent, id }: Result): string | undefined {
  const expectation = expectationOf(agent, id);
  if (typeof expectation === "string") return expectation;
  return "untold" in expectation ? expectation.seen : undefined;
}

export const isAsExpected = (result: Result): boolean => result.seen === wantedOf(result);

/** What the table says of a cell, as the page shows it. */
export function expectedOf({ agent, id }: Result): string {
  const expectation = expectationOf(agent, id);
  if (typeof expectation === "string") return expectation;
  if ("notApplicable" in expectation) return `n/a: ${expectation.notApplicable}`;
  const stream = `../test/matrix/${streamOf(agent, id)}`;
  return `${expectation.seen}; it does not tell ${UNTOLD[expectation.untold]} ([recorded](${stream}))`;
}

/** Plays these cases with one agent below `root`. */
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

/** Plays one case; one that breaks is a result too, and the next one gets a new server. */
export async function playCell(bench: Bench, id: CaseId): Promise<Result> {
  const agent = bench.agent.id;
  if (wantedOf({ agent, id }) === undefined) return { agent, id };
  try {
    return { agent, id, seen: await CASES[id].play(bench) };
  } catch (error) {
    await bench.restart();
    return { agent, id, seen: `broke: ${(error as Error).message}` };
  }
}

/** One cell for the one who watches. */
export function lineOf(result: Result): string {
  const { agent, id, seen } = result;
  return isAsExpected(result)
    ? `${agent} ${id}: ${expectedOf(result)}`
    : `${agent} ${id}: SEEN ${seen}; EXPECTED ${expectedOf(result)}`;
}
