import { type Change, changeSchema, type Hunk } from "@holdfast/protocol";

const letters = (letter: string) => letter.repeat(26);

/** A hunk by its ranges as git names them. */
export function hunk(
  id: string,
  [oldStart, oldLines, newStart, newLines]: number[],
  ...agents: string[]
): Hunk {
  return {
    id,
    oldStart: oldStart ?? 0,
    oldLines: oldLines ?? 0,
    newStart: newStart ?? 0,
    newLines: newLines ?? 0,
    origins: (agents.length === 0 ? ["scribe"] : agents).map((agent) => ({ agent })),
  };
}

/** A pending change for tests; `letter` names it. */
export function changeOf(letter: string, more: Partial<Change> = {}): Change {
  const whole = changeSchema.parse({
    id: `chg_${letters(letter)}`,
    workspaceId: `wsp_${letters("a")}`,
    path: `${letter}.ts`,
    kind: "modified",
    action: "apply",
    revision: 1,
    state: "pending",
    agent: "scribe",
    contributions: [],
    hunks: [],
    binary: false,
    additions: 1,
    deletions: 0,
    staged: false,
    time: { created: 1, updated: 1 },
  });
  return { ...whole, ...more };
}

/** What an agent did to a change, at `time`. */
export const contribution = (agent: string, time: number): Change["contributions"][number] => ({
  agent,
  before: "a",
  after: "b",
  hunks: [],
  time,
});
