/**
 * The patch format that models are trained on:
 *
 *   *** Begin Patch
 *   *** Add File: path           then lines with +
 *   *** Delete File: path
 *   *** Update File: path        then, perhaps, *** Move to: path, then hunks:
 *   @@ a line above the change   optional: where to look from
 *    kept, -removed, +added
 *   *** End of File              optional: the hunk is the file's end
 *   *** End Patch
 */

/** Files of one patch. */
export const MAX_PATCH_FILES = 500;

export type HunkLine = { kind: " " | "-" | "+"; text: string };
/** `anchor`: a line that stands above. `isEnd`: it reaches to the file's end. `line`: where it begins in the patch, from 1. */
export type Hunk = { anchors: string[]; lines: HunkLine[]; isEnd: boolean; line: number };

export type PatchStep =
  | { type: "add"; path: string; text: string }
  | { type: "delete"; path: string }
  | { type: "update"; path: string; moveTo?: string; hunks: Hunk[] };

const HEADER = /^\*\*\* (Add File|Delete File|Update File|Move to): (.+)$/;
const BEGIN = "*** Begin Patch";
const END = "*** End Patch";
const END_OF_FILE = "*** End of File";

/** The steps, in order, or a sentence about the first line that is none. */
export function parsePatch(patch: string): PatchStep[] | { problem: string } {
  const lines = patch.replaceAll("\r\n", "\n").split("\n");
  let first = lines.findIndex((line) => line.trim() !== "");
  const last = lines.findLastIndex((line) => line.trim() !== "");
  if (first === -1 || lines[first]?.trim() !== BEGIN)
    return { problem: `The patch must begin with "${BEGIN}".` };
  if (lines[last]?.trim() !== END) return { problem: `The patch must end with "${END}".` };
  const steps: PatchStep[] = [];
  for (first += 1; first < last;) {
    const header = HEADER.exec(lines[first]?.trimEnd() ?? "");
    const [, what, path = ""] = header ?? [];
    if (what === undefined || what === "Move to")
      return problemAt(first, `expected "*** Add File: ", "*** Update File: " or "*** Delete File: "`);
    let end = first + 1;
    while (end < last && !/^\*\*\* (Add|Delete|Update) File: /.test(lines[end] ?? "")) end += 1;
    const step = stepOf(what, path.trim(), { lines, from: first + 1, to: end });
    if ("problem" in step) return step;
    steps.push(step);
    first = end;
  }
  if (steps.length === 0) return { problem: "The patch changes nothing." };
  if (steps.length > MAX_PATCH_FILES)
    return { problem: `The patch names more than ${MAX_PATCH_FILES} files.` };
  return steps;
}

type Block = { lines: readonly string[]; from: number; to: number };

function stepOf(what: string, path: string, block: Block): PatchStep | { problem: string } {
  if (what === "Update File") return updateOf(path, block);
  const body = block.lines.slice(block.from, block.to);
  const stray = body.findIndex((line) => (what === "Add File" ? !line.startsWith("+") : line.trim() !== ""));
  if (stray !== -1 && body.slice(stray).some((line) => line.trim() !== ""))
    return problemAt(
      block.from + stray,
      what === "Add File"
        ? "each line of a new file begins with +"
        : "nothing follows the name of a file that is deleted",
    );
  if (what === "Delete File") return { type: "delete", path };
  const text = body.filter((line) => line.startsWith("+")).map((line) => `${line.slice(1)}\n`);
  return { type: "add", path, text: text.join("") };
}

function updateOf(path: string, { lines, from, to }: Block): PatchStep | { problem: string } {
  const move = HEADER.exec(lines[from]?.trimEnd() ?? "");
  const moveTo = move?.[1] === "Move to" ? move[2]?.trim() : undefined;
  const hunks: Hunk[] = [];
  let hunk: Hunk | undefined;
  // Blank lines before the next file are the model's, not the hunk's.
  let end = to;
  while (end > from && lines[end - 1] === "") end -= 1;
  for (let at = moveTo === undefined ? from : from + 1; at < end; at += 1) {
    const line = lines[at] ?? "";
    if (line.startsWith("@@")) {
      const anchor = line.slice(2).trim();
      // One right behind another goes on from where that one leads to.
      if (hunk?.lines.length === 0) hunk.anchors.push(anchor);
      else hunks.push((hunk = { anchors: [anchor], lines: [], isEnd: false, line: at + 1 }));
      continue;
    }
    if (hunk === undefined || hunk.isEnd)
      hunks.push((hunk = { anchors: [], lines: [], isEnd: false, line: at + 1 }));
    if (line.trimEnd() === END_OF_FILE) {
      hunk.isEnd = true;
      continue;
    }
    const kind = line === "" ? " " : line[0];
    if (kind !== " " && kind !== "-" && kind !== "+")
      return problemAt(at, "a line of a hunk begins with a blank, - or +");
    hunk.lines.push({ kind, text: line.slice(1) });
  }
  const empty = hunks.find((each) => !each.lines.some(({ kind }) => kind !== " "));
  if (empty !== undefined) return problemAt(empty.line - 1, "this hunk changes nothing");
  if (hunks.length === 0 && moveTo === undefined) return problemAt(from - 1, "this file is not changed");
  return { type: "update", path, ...(moveTo === undefined ? {} : { moveTo }), hunks };
}

const problemAt = (index: number, what: string) => ({ problem: `Line ${index + 1} of the patch: ${what}.` });
