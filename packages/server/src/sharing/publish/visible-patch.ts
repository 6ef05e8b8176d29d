/** The part of a patch that may be shown (S-34). Pure. */
import type { Hunk } from "@holdfast/protocol";
import { parsePatch, type PatchHunk } from "../../git/index.ts";

/** Lines around a hunk that did not change, as many as patches have. */
const CONTEXT = 3;

type Range = Pick<Hunk, "oldStart" | "oldLines" | "newStart" | "newLines">;
/** A line of a patch with the number that it has, or would have, on each side. */
type Line = { text: string; old: number; new: number };
/** Lines that changed and stand together, and what stands around them in the same hunk of the patch. */
type Region = { lines: Line[]; before: Line[]; after: Line[] };

/**
 * The hunks of a patch without its head, which names blobs and paths, and without what git writes behind the `@@`, which is a line of the file. `only`: of
 * them the regions that these hunks cover, each with the unchanged lines next to it; the lines of other regions are nowhere.
 */
export function visiblePatch(patch: string, only: readonly Range[] | undefined): string {
  const hunks = parsePatch(patch).flatMap((file) => file.hunks);
  const shown = hunks.flatMap((hunk) =>
    only === undefined
      ? [hunk]
      : regionsOf(hunk)
          .filter((region) => isCovered(region, only))
          .map(asHunk),
  );
  return shown.map(written).join("");
}

function written({ oldStart, oldLines, newStart, newLines, lines }: PatchHunk): string {
  return `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@\n${lines.map((line) => `${line}\n`).join("")}`;
}

function regionsOf(hunk: PatchHunk): Region[] {
  const regions: Region[] = [];
  let same: Line[] = [];
  let current: Region | undefined;
  let [oldLine, newLine] = [hunk.oldStart, hunk.newStart];
  // A side without lines stands after the line that is named.
  if (hunk.oldLines === 0) oldLine += 1;
  if (hunk.newLines === 0) newLine += 1;
  for (const text of hunk.lines) {
    const line = { text, old: oldLine, new: newLine };
    const sign = text[0];
    if (sign === "\\") {
      // It is about the line before it, and stands at the end of the file.
      (current?.lines ?? regions.at(-1)?.after)?.push(line);
      continue;
    }
    if (sign === " ") {
      current = undefined;
      same.push(line);
      regions.at(-1)?.after.push(line);
    } else {
      if (current === undefined) {
        current = { lines: [], before: same.slice(-CONTEXT), after: [] };
        regions.push(current);
        same = [];
      }
      current.lines.push(line);
    }
    if (sign !== "+") oldLine += 1;
    if (sign !== "-") newLine += 1;
  }
  return regions.map((region) => ({ ...region, after: contextOf(region.after) }));
}

/** With what is said of the last of them. */
function contextOf(lines: readonly Line[]): Line[] {
  const isMark = lines[CONTEXT]?.text.startsWith("\\") === true;
  return lines.slice(0, isMark ? CONTEXT + 1 : CONTEXT);
}

/** Every line of it is in a hunk that may be shown. */
function isCovered({ lines }: Region, only: readonly Range[]): boolean {
  return lines.every(({ text, old, new: added }) => {
    if (text.startsWith("\\")) return true;
    return only.some(({ oldStart, oldLines, newStart, newLines }) =>
      text.startsWith("-")
        ? oldStart <= old && old < oldStart + oldLines
        : newStart <= added && added < newStart + newLines,
    );
  });
}

function asHunk({ lines, before, after }: Region): PatchHunk {
  const all = [...before, ...lines, ...after];
  const first = all[0];
  const count = (signs: string): number => all.filter(({ text }) => signs.includes(text[0] ?? "")).length;
  const [oldLines, newLines] = [count(" -"), count(" +")];
  return {
    oldStart: (first?.old ?? 0) - (oldLines === 0 ? 1 : 0),
    oldLines,
    newStart: (first?.new ?? 0) - (newLines === 0 ? 1 : 0),
    newLines,
    lines: all.map(({ text }) => text),
  };
}
