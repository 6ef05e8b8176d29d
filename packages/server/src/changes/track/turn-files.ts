import type { DiffTotals } from "@holdfast/protocol";
import { diffTrees } from "../../git/index.ts";
import { type Advance, pathsOf } from "./advance.ts";
import type { WatchedWorkspace } from "./deps.ts";

/** What a turn changed: trees before and after it, absolute paths, and how much in all. */
export type TurnFiles = { hash: string; snapshot: string; files: string[]; totals: DiffTotals };

/** `step` saves the comparison where it began at the turn's own first snapshot. */
export async function filesOf(
  { watched: { checkout } }: WatchedWorkspace,
  from: string,
  to: string,
  step?: Advance,
): Promise<TurnFiles> {
  const changed = step?.from === from ? step.found : await diffTrees(checkout, from, to);
  const files = new Set(
    changed.flatMap((change) => pathsOf(change).map((path) => `${checkout.root}/${path}`)),
  );
  const sum = (count: "additions" | "deletions") => changed.reduce((total, each) => total + each[count], 0);
  const totals = { files: changed.length, additions: sum("additions"), deletions: sum("deletions") };
  return { hash: from, snapshot: to, files: [...files], totals };
}
