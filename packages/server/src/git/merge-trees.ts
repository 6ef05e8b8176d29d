import type { FileVersion } from "@holdfast/protocol";
import { commitTree } from "./commits.ts";
import { bytesOf, type GitPath, showPath } from "./git-path.ts";
import { DURABLE } from "./objects.ts";
import type { Checkout } from "./repository.ts";
import { runGit } from "./site.ts";

/** One path that a merge could not decide, with what each side has there (W-8). */
export type MergeConflict = {
  key: GitPath;
  /** What git says of it, for people. */
  reason: string;
  stages: { base?: FileVersion; ours?: FileVersion; theirs?: FileVersion };
};

export type Merged = { tree: string } | { conflicts: MergeConflict[] };

const SIDES = ["base", "ours", "theirs"] as const;

/**
 * Merges two trees that both come from `base`. Nothing but objects is written: no index, no file. A directory that one side renamed takes nothing with
 * it that the other side added, so that a file always lands under the name that was reviewed.
 */
export async function mergeTrees(
  checkout: Checkout,
  trees: { base: string; ours: string; theirs: string },
): Promise<Merged> {
  // Commits of the same trees are the same objects each time.
  const time = 0;
  const base = await commitTree(checkout, trees.base, "base", { time });
  const [ours, theirs] = await Promise.all([
    commitTree(checkout, trees.ours, "ours", { time, parents: [base] }),
    commitTree(checkout, trees.theirs, "theirs", { time, parents: [base] }),
  ]);
  const { stdout, exitCode } = await runGit(
    checkout,
    ["merge-tree", "--write-tree", "-z", "--messages", ours, theirs],
    {
      exits: [0, 1],
      config: DURABLE,
    },
  );
  const fields = stdout.toString("latin1").split("\0");
  const tree = fields[0] ?? "";
  return exitCode === 0 ? { tree } : { conflicts: readConflicts(fields.slice(1)) };
}

/** Stage records up to an empty field, then messages: a count of paths, the paths, a kind and a text. */
function readConflicts(fields: readonly string[]): MergeConflict[] {
  const conflicts = new Map<GitPath, MergeConflict>();
  const conflictOf = (key: GitPath): MergeConflict => {
    const known = conflicts.get(key) ?? { key, reason: "", stages: {} };
    conflicts.set(key, known);
    return known;
  };
  let at = 0;
  for (; at < fields.length; at += 1) {
    const [, mode, blob, stage, key] = /^(\d+) ([0-9a-f]+) ([123])\t([^]*)$/.exec(fields[at] ?? "") ?? [];
    if (mode === undefined || blob === undefined || key === undefined) break;
    const side = SIDES[Number(stage) - 1];
    if (side !== undefined) conflictOf(key).stages[side] = { blob, mode };
  }
  at += 1;
  while (/^\d+$/.test(fields[at] ?? "")) {
    const count = Number(fields[at]);
    const paths = fields.slice(at + 1, at + 1 + count);
    const text = (fields[at + 2 + count] ?? "").trim();
    at += count + 3;
    if (!text.startsWith("CONFLICT")) continue;
    const known = paths.filter((path) => conflicts.has(path));
    // A conflict that left no stage, as between directories, must be told too.
    for (const path of known.length > 0 ? known : paths) conflictOf(path).reason ||= showPath(text);
  }
  for (const conflict of conflicts.values()) conflict.reason ||= `CONFLICT in ${showPath(conflict.key)}`;
  return [...conflicts.values()].toSorted((one, other) =>
    Buffer.compare(bytesOf(one.key), bytesOf(other.key)),
  );
}
