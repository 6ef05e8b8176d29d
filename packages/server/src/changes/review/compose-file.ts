import type { Hunk } from "@holdfast/protocol";

type Range = Pick<Hunk, "oldStart" | "oldLines" | "newStart" | "newLines">;

const NEWLINE = 10;

/**
 * A file's content with some of its hunks (W-6): the baseline's lines, and where a hunk is taken, the result's. Bytes are never decoded, so
 * encodings, carriage returns and a missing newline at the end stay as they are. Throws a RangeError when the hunks are not those of the two contents.
 */
export function composeFile<T extends Range>(
  before: Uint8Array,
  after: Uint8Array,
  hunks: readonly T[],
  isTaken: (hunk: T) => boolean,
): Buffer {
  const [old, next] = [linesOf(before), linesOf(after)];
  const lines: Uint8Array[] = [];
  let at = 0;
  for (const hunk of [...hunks].sort((one, other) => startOf(one) - startOf(other))) {
    const start = startOf(hunk);
    const taken = isTaken(hunk);
    const [source, from, count] = taken
      ? [next, firstOf(hunk.newStart, hunk.newLines), hunk.newLines]
      : [old, start, hunk.oldLines];
    if (start < at || start + hunk.oldLines > old.length || from + count > source.length)
      throw new RangeError("The hunks are not those of these contents.");
    lines.push(...old.slice(at, start), ...source.slice(from, from + count));
    at = start + hunk.oldLines;
  }
  lines.push(...old.slice(at));
  return Buffer.concat(lines);
}

/** The line that a comment is about, without its end; undefined when there is none. Counts from 1. */
export function lineOf(content: Uint8Array, number: number): string | undefined {
  const line = linesOf(content)[number - 1];
  return line === undefined
    ? undefined
    : Buffer.from(line)
        .toString("utf8")
        .replace(/\r?\n$/, "");
}

const startOf = (hunk: Range): number => firstOf(hunk.oldStart, hunk.oldLines);

/** Index of a range's first line. A range of no lines names the line before it. */
function firstOf(start: number, count: number): number {
  return count === 0 ? start : start - 1;
}

function linesOf(content: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let from = 0;
  while (from < content.length) {
    const end = content.indexOf(NEWLINE, from);
    const next = end === -1 ? content.length : end + 1;
    lines.push(content.subarray(from, next));
    from = next;
  }
  return lines;
}
