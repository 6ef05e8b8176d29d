import type { FileVersion } from "@holdfast/protocol";
import type { GitPath } from "./git-path.ts";
import type { Checkout } from "./repository.ts";
import { runGit } from "./site.ts";

/** A path that differs between two trees. */
export type TreeChange = {
  key: GitPath;
  /** Where it came from, when renamed. */
  oldKey?: GitPath | undefined;
  kind: "added" | "modified" | "deleted" | "renamed" | "mode";
  before?: FileVersion | undefined;
  after?: FileVersion | undefined;
  binary: boolean;
  /** Lines; 0 when binary. */
  additions: number;
  deletions: number;
};

/** Files of one comparison that are looked at for renames. */
const RENAME_LIMIT = 1_000;

/** Every option that decides what differs: the user's configuration has no say, so that the same trees always differ by the same hunks. */
export const DIFF = [
  "diff-tree",
  "-r",
  "-z",
  "--raw",
  "--no-abbrev",
  "--no-ext-diff",
  "--no-textconv",
  "--no-color",
  "--ignore-submodules=none",
  "--diff-algorithm=histogram",
  "--indent-heuristic",
];
export const RENAMES = ["-M", `-l${RENAME_LIMIT}`];

/** What differs between two trees, in git's order; renames are found unless told otherwise. */
export async function diffTrees(
  checkout: Checkout,
  from: string,
  to: string,
  { renames = true }: { renames?: boolean } = {},
): Promise<TreeChange[]> {
  if (from === to) return [];
  const args = [...DIFF, "--numstat", ...(renames ? RENAMES : ["--no-renames"]), from, to];
  return parseDiff((await runGit(checkout, args)).stdout.toString("latin1"));
}

/** Reads `--raw -z` and, when there, `--numstat -z` behind it. */
function parseDiff(text: string): TreeChange[] {
  const fields = text.split("\0");
  const { changes, end } = parseRaw(fields);
  let at = end;
  for (const change of changes) {
    const [, added, removed, path] = /^(\d+|-)\t(\d+|-)\t([^]*)$/.exec(fields[at] ?? "") ?? [];
    if (added === undefined || removed === undefined) break;
    change.binary = added === "-";
    change.additions = change.binary ? 0 : Number(added);
    change.deletions = change.binary ? 0 : Number(removed);
    // A rename's two paths are fields of their own.
    at += path === "" ? 3 : 1;
  }
  return changes;
}

/** Reads the records of `--raw -z` up to `end`, the index of the first field that is none. */
export function parseRaw(fields: readonly string[]): { changes: TreeChange[]; end: number } {
  const changes: TreeChange[] = [];
  let at = 0;
  for (;;) {
    const match = /^:(\d+) (\d+) ([0-9a-f]+) ([0-9a-f]+) ([A-Z])\d*$/.exec(fields[at] ?? "");
    if (match === null) return { changes, end: at };
    const [, oldMode = "", mode = "", oldBlob = "", blob = "", status = ""] = match;
    const isRename = status === "R" || status === "C";
    const first = fields[at + 1] ?? "";
    const key = isRename ? (fields[at + 2] ?? "") : first;
    at += isRename ? 3 : 2;
    const before = /^0+$/.test(oldMode) ? undefined : { blob: oldBlob, mode: oldMode };
    const after = /^0+$/.test(mode) ? undefined : { blob, mode };
    changes.push({
      key,
      ...(isRename ? { oldKey: first } : {}),
      kind: kindOf(before, after, isRename),
      before,
      after,
      binary: false,
      additions: 0,
      deletions: 0,
    });
  }
}

function kindOf(
  before: FileVersion | undefined,
  after: FileVersion | undefined,
  isRename: boolean,
): TreeChange["kind"] {
  if (before === undefined) return "added";
  if (after === undefined) return "deleted";
  if (isRename) return "renamed";
  return before.blob === after.blob ? "mode" : "modified";
}
