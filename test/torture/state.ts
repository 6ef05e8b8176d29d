import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { emptyTally, type Tally } from "./report.ts";
import type { WorkSession } from "./workload.ts";

/** What a run is of. */
export type RunPlan = { seed: string; kills: number; depth: number };

/** All that a run needs to go on after it was interrupted itself; the ledger is read again from the records of the set. */
export type TortureState = RunPlan & {
  version: 1;
  /** Kills of the plan that are done. */
  done: number;
  /** Lives begun and finished. */
  life: number;
  /** First life of the present set of sessions. */
  setFrom: number;
  /** Migrations beyond the program's own that the store may have. */
  level: number;
  sessions: WorkSession[];
  /** Sessions of earlier sets that are to be deleted. */
  retired: string[];
  created: string[];
  deleted: string[];
  /** Agents that lived when the last server died. */
  orphans: number[];
  startedAt: string;
  seconds: number;
  tally: Tally;
};

const fileIn = (root: string): string => join(root, "state.json");

export function newState(plan: RunPlan): TortureState {
  return {
    version: 1,
    ...plan,
    done: 0,
    life: 0,
    setFrom: 1,
    level: 0,
    sessions: [],
    retired: [],
    created: [],
    deleted: [],
    orphans: [],
    startedAt: new Date().toISOString(),
    seconds: 0,
    tally: emptyTally(),
  };
}

/** The state of an interrupted run in this directory, undefined when there is none. Throws a RangeError when it was another run's. */
export function loadState(root: string, plan: RunPlan): TortureState | undefined {
  if (!existsSync(fileIn(root))) return undefined;
  const state = JSON.parse(readFileSync(fileIn(root), "utf8")) as TortureState;
  const { seed, kills, depth } = state;
  if (plan.seed !== seed || plan.kills !== kills || plan.depth !== depth)
    throw new RangeError(`${root} holds a run of ${kills} kills with seed ${seed} and depth ${depth}.`);
  return state;
}

export function saveState(root: string, state: TortureState): void {
  const partial = `${fileIn(root)}.partial`;
  writeFileSync(partial, JSON.stringify(state));
  renameSync(partial, fileIn(root));
}
