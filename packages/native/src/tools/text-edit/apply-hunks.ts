/**
 * Hunks put into a text, from its top to its end. A hunk's place is where its kept and removed lines stand: exactly, or else but for white space at the ends of
 * lines, or around them. A place that is not the only one is taken only where an anchor or the file's end says which is meant. Kept lines keep every byte.
 */
import type { Hunk } from "./parse-patch.ts";

/** Comparisons of lines for one patch of one file. */
const MAX_COMPARED = 5_000_000;

type Line = { text: string; end: string; isAdded?: true };

/** The new text, or a sentence about the first hunk that does not fit. */
export function applyHunks(
  text: string,
  hunks: readonly Hunk[],
  eol: "\n" | "\r\n",
): { text: string } | { problem: string } {
  const lines = linesOf(text);
  const made: Line[] = [];
  const work = { left: MAX_COMPARED };
  let at = 0;
  for (const hunk of hunks) {
    const found = placeOf(lines, hunk, at, work);
    if (typeof found !== "number") return found;
    made.push(...lines.slice(at, found));
    at = found;
    for (const { kind, text: told } of hunk.lines) {
      const line = lines[at];
      if (kind === "+") made.push({ text: told, end: lines[at - 1]?.end || line?.end || eol, isAdded: true });
      else {
        at += 1;
        if (kind === " " && line !== undefined) made.push(line);
      }
    }
  }
  made.push(...lines.slice(at));
  return { text: joined(made, eol, lines.length > 0 && lines.at(-1)?.end === "") };
}

function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  for (let at = 0; at < text.length;) {
    const found = text.indexOf("\n", at);
    const next = found === -1 ? text.length : found + 1;
    const end = found === -1 ? "" : text[found - 1] === "\r" && found > at ? "\r\n" : "\n";
    lines.push({ text: text.slice(at, next - end.length), end });
    at = next;
  }
  return lines;
}

/** Lines keep their ends. One that was the last gets one where another follows; a new last one has none where the file's last had none. */
function joined(lines: readonly Line[], eol: string, isOpen: boolean): string {
  return lines
    .map(({ text, end, isAdded }, at) => {
      if (at < lines.length - 1) return text + (end || eol);
      return isAdded && isOpen ? text : text + end;
    })
    .join("");
}

type Work = { left: number };

function placeOf(lines: readonly Line[], hunk: Hunk, from: number, work: Work): number | { problem: string } {
  const name = `The hunk at line ${hunk.line} of the patch`;
  let start = from;
  const anchors = hunk.anchors.filter((anchor) => anchor !== "");
  for (const anchor of anchors) {
    const [found] = matches(lines, [anchor], start, work).places;
    if (found === undefined)
      return { problem: `${name}: no line below line ${start} is "${anchor.slice(0, 200)}".` };
    start = found + 1;
  }
  const wanted = hunk.lines.filter(({ kind }) => kind !== "+").map(({ text }) => text);
  if (wanted.length === 0) return anchors.length === 0 || hunk.isEnd ? lines.length : start;
  let { places, isExact } = matches(lines, wanted, start, work);
  // An anchor may be quoted again as the first line of its hunk.
  if (places.length === 0 && anchors.length > 0)
    ({ places, isExact } = matches(lines, wanted, start - 1, work));
  const found = hunk.isEnd ? places.filter((at) => at + wanted.length === lines.length) : places;
  const [place, second] = found;
  if (work.left <= 0)
    return { problem: `${name} takes too long to be found: quote lines that stand there once.` };
  if (place === undefined)
    return {
      problem: `${name} does not fit: its kept and removed lines do not stand ${hunk.isEnd ? "at the file's end" : "in the file"} as quoted${from > 0 ? ` below line ${from}` : ""}. Hunks stand in the file's order.`,
    };
  if (second !== undefined && (anchors.length === 0 || !isExact))
    return {
      problem: `${name} fits at several places, at the lines ${found
        .slice(0, 5)
        .map((each) => each + 1)
        .join(", ")}. Quote more lines around it, or give a line above it behind @@.`,
    };
  return place;
}

const LIKE: ((line: string) => string)[] = [(line) => line, (line) => line.trimEnd(), (line) => line.trim()];

/** All places, by the strictest way of comparing that finds any. */
function matches(
  lines: readonly Line[],
  wanted: readonly string[],
  from: number,
  work: Work,
): { places: number[]; isExact: boolean } {
  for (const [way, like] of LIKE.entries()) {
    const told = wanted.map(like);
    const places: number[] = [];
    for (let at = from; at + told.length <= lines.length && work.left > 0; at += 1) {
      let same = 0;
      while (same < told.length && like(lines[at + same]?.text ?? "") === told[same]) same += 1;
      work.left -= same + 1;
      if (same === told.length) places.push(at);
    }
    if (places.length > 0) return { places, isExact: way === 0 };
  }
  return { places: [], isExact: true };
}
