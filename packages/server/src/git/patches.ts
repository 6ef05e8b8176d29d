import { MAX_HUNKS, MAX_LIST_PATCH_BYTES, MAX_PATCH_BYTES } from "@holdfast/protocol";
import { DIFF, parseRaw, RENAMES, type TreeChange } from "./diff-trees.ts";
import { argumentOf, type GitPath } from "./git-path.ts";
import { type FilePatch, type HunkRange, parsePatch } from "./patch-text.ts";
import type { Checkout } from "./repository.ts";
import { runGit } from "./site.ts";

/** Most bytes of patches that are read to find hunks; files beyond have none named, and are taken or rejected whole. */
const HUNK_TEXT_BYTES = 64 * 1024 * 1024;
/** More paths than this are not named to git: the whole difference is read, and the rest left out. */
const NAMED_PATHS = 200;

export type Selection = {
  /** Only these; for a rename name both sides. Default: all. */
  keys?: readonly GitPath[] | undefined;
  /** Default true. */
  renames?: boolean;
};

/**
 * Hunks without context of each path (the new one of a rename) that differs between two trees. No hunks: binary, only mode or name, more than
 * `MAX_HUNKS`, or too long to be read.
 */
export async function hunksOf(
  checkout: Checkout,
  from: string,
  to: string,
  selection: Selection = {},
): Promise<Map<GitPath, HunkRange[]>> {
  const { found } = await readPatches(
    checkout,
    from,
    to,
    ["-U0", "--inter-hunk-context=0"],
    HUNK_TEXT_BYTES,
    selection,
  );
  const all = new Map<GitPath, HunkRange[]>();
  for (const { change, patches } of found) {
    // A file that became a link, or the other way round, has two patches that are no hunks of one text.
    const [patch] = patches;
    const usable = patches.length === 1 && patch?.isWhole === true && patch.hunks.length <= MAX_HUNKS;
    all.set(change.key, usable && patch !== undefined ? patch.hunks.map(placeOfHunk) : []);
  }
  return all;
}

/** `patch` is absent when it is longer than allowed. */
export type PatchText = { patch?: string; truncated: boolean };

/** Patches with three lines of context, as text, by path. `maxBytes` bounds each, `maxTotalBytes` all: in git's order, whoever comes too late has none. */
export async function patchesOf(
  checkout: Checkout,
  from: string,
  to: string,
  options: Selection & { maxBytes?: number; maxTotalBytes?: number } = {},
): Promise<Map<GitPath, PatchText>> {
  const maxBytes = options.maxBytes ?? MAX_PATCH_BYTES;
  const maxTotal = options.maxTotalBytes ?? Math.max(MAX_LIST_PATCH_BYTES, maxBytes);
  // One file that is too long must not hide those behind it.
  const { found } = await readPatches(checkout, from, to, ["-U3"], maxTotal * 4, options);
  const all = new Map<GitPath, PatchText>();
  let total = 0;
  for (const { change, patches } of found) {
    const text = patches.map((each) => each.text).join("");
    const isWhole = patches.length > 0 && patches.every((each) => each.isWhole);
    if (!isWhole || text.length > maxBytes || total + text.length > maxTotal) {
      all.set(change.key, { truncated: true });
      continue;
    }
    total += text.length;
    all.set(change.key, { patch: Buffer.from(text, "latin1").toString("utf8"), truncated: false });
  }
  return all;
}

async function readPatches(
  checkout: Checkout,
  from: string,
  to: string,
  style: readonly string[],
  maxBytes: number,
  { keys, renames = true }: Selection,
): Promise<{ found: { change: TreeChange; patches: FilePatch[] }[] }> {
  if (from === to || keys?.length === 0) return { found: [] };
  const names = keys?.map(argumentOf);
  const named =
    names !== undefined && names.length <= NAMED_PATHS && names.every((name) => name !== undefined)
      ? ["--", ...names]
      : [];
  const args = [
    ...DIFF,
    "-p",
    "--full-index",
    ...style,
    ...(renames ? RENAMES : ["--no-renames"]),
    from,
    to,
    ...named,
  ];
  const { stdout, isCut } = await runGit(checkout, args, {
    maxBytes,
    beyond: "cut",
  });
  const wanted = keys === undefined ? undefined : new Set(keys);
  return {
    found: assign(stdout.toString("latin1"), isCut).filter(({ change }) => wanted?.has(change.key) ?? true),
  };
}

/** Raw records, an empty field, then patches in the same order: two where the type of a file changed. A cut text lacks patches at the end. */
function assign(text: string, isCut: boolean): { change: TreeChange; patches: FilePatch[] }[] {
  let end = 0;
  const fields: string[] = [];
  while (end < text.length) {
    const next = text.indexOf("\0", end);
    if (next === end || next === -1) break;
    fields.push(text.slice(end, next));
    end = next + 1;
  }
  const { changes } = parseRaw(fields);
  const patches = parsePatch(text.slice(end + 1));
  const last = patches.at(-1);
  if (isCut && last !== undefined) last.isWhole = false;
  let at = 0;
  return changes.map((change) => {
    const count = isTypeChange(change) ? 2 : 1;
    const own = patches.slice(at, at + count);
    at += count;
    return { change, patches: own };
  });
}

function isTypeChange({ before, after }: TreeChange): boolean {
  return before !== undefined && after !== undefined && before.mode.slice(0, 3) !== after.mode.slice(0, 3);
}

function placeOfHunk({ oldStart, oldLines, newStart, newLines }: HunkRange): HunkRange {
  return { oldStart, oldLines, newStart, newLines };
}
