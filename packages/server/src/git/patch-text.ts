/** Reads the text of patches as git writes it. Pure. */

/** Where a hunk stands; lines count from 1, and a length of 0 stands after the line named. */
export type HunkRange = { oldStart: number; oldLines: number; newStart: number; newLines: number };

/** `lines` have their first character: space, `-`, `+` or `\`. They are as in the text, line ends of the file (CR) included. */
export type PatchHunk = HunkRange & { lines: string[] };

/** The part of a patch that is about one pair of files. `text` is all of it. */
export type FilePatch = {
  text: string;
  binary: boolean;
  hunks: PatchHunk[];
  /** False when the text ends within it. */ isWhole: boolean;
};

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/** Cuts a patch into files and hunks. What a hunk counts as its lines is never taken for a header, whatever it says. */
export function parsePatch(text: string): FilePatch[] {
  const patches: FilePatch[] = [];
  let at = 0;
  let begin = 0;
  let current: FilePatch | undefined;
  const lineAt = (from: number): { line: string; next: number } => {
    const end = text.indexOf("\n", from);
    return end === -1
      ? { line: text.slice(from), next: text.length }
      : { line: text.slice(from, end), next: end + 1 };
  };
  const close = (end: number) => {
    if (current !== undefined) current.text = text.slice(begin, end);
  };
  while (at < text.length) {
    const { line, next } = lineAt(at);
    const match = HUNK.exec(line);
    if (line.startsWith("diff --git ")) {
      close(at);
      begin = at;
      current = { text: "", binary: false, hunks: [], isWhole: true };
      patches.push(current);
      at = next;
    } else if (match !== null && current !== undefined) {
      const { hunk, end, isWhole } = readHunk(match, next, text.length, lineAt);
      current.hunks.push(hunk);
      current.isWhole = isWhole;
      at = end;
    } else {
      if (current !== undefined && /^(Binary files .* differ|GIT binary patch)$/.test(line))
        current.binary = true;
      at = next;
    }
  }
  close(text.length);
  return patches;
}

function readHunk(
  match: RegExpExecArray,
  start: number,
  limit: number,
  lineAt: (from: number) => { line: string; next: number },
): { hunk: PatchHunk; end: number; isWhole: boolean } {
  const count = (group: string | undefined) => (group === undefined ? 1 : Number(group));
  const hunk: PatchHunk = {
    oldStart: Number(match[1]),
    oldLines: count(match[2]),
    newStart: Number(match[3]),
    newLines: count(match[4]),
    lines: [],
  };
  let oldLeft = hunk.oldLines;
  let newLeft = hunk.newLines;
  let at = start;
  while (at < limit) {
    const { line, next } = lineAt(at);
    const sign = line[0];
    if (sign !== "\\" && oldLeft <= 0 && newLeft <= 0) break;
    if (sign === " " || sign === "-") oldLeft -= 1;
    if (sign === " " || sign === "+") newLeft -= 1;
    hunk.lines.push(line);
    at = next;
  }
  return { hunk, end: at, isWhole: oldLeft <= 0 && newLeft <= 0 };
}
