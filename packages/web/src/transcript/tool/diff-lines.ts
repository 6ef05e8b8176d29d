import { structuredPatch } from "diff";

export type DiffLine = { kind: "added" | "removed" | "same" | "gap"; text: string };

const CONTEXT = 3;
/** Lines drawn at most; a rewrite of a whole file is not read line by line here. */
const MAX_LINES = 1_000;
/** The comparison is given up after this long, in ms; then all of the old is shown against all of the new. */
const TIMEOUT_MS = 200;

/** A change as lines with a little of what is around, and what it comes to. Pure. */
export function linesOf(
  before: string,
  after: string,
): { lines: DiffLine[]; additions: number; deletions: number } {
  const patch = structuredPatch("", "", before, after, "", "", { context: CONTEXT, timeout: TIMEOUT_MS });
  const raw =
    patch === undefined
      ? [...before.split("\n").map((text) => `-${text}`), ...after.split("\n").map((text) => `+${text}`)]
      : patch.hunks.flatMap((hunk, index) => (index === 0 ? hunk.lines : ["@", ...hunk.lines]));
  const lines = raw.filter((line) => !line.startsWith("\\")).map(lineOf);
  const count = (kind: DiffLine["kind"]) => lines.filter((line) => line.kind === kind).length;
  const [additions, deletions] = [count("added"), count("removed")];
  if (lines.length <= MAX_LINES) return { lines, additions, deletions };
  const rest: DiffLine = { kind: "gap", text: `${(lines.length - MAX_LINES).toLocaleString()} more lines` };
  return { lines: [...lines.slice(0, MAX_LINES), rest], additions, deletions };
}

function lineOf(raw: string): DiffLine {
  const text = raw.slice(1);
  switch (raw[0]) {
    case "+":
      return { kind: "added", text };
    case "-":
      return { kind: "removed", text };
    case "@":
      return { kind: "gap", text: "" };
    default:
      return { kind: "same", text };
  }
}
