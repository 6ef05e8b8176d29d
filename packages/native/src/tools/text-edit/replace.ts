/**
 * Replacing a piece of a text that a model quotes.
 *
 * - The text is matched with `\n` for every line end, and changed as it stands: what is not replaced keeps every byte.
 * - What is quoted exactly wins. Only where it is not there at all, a place that differs in white space alone is taken, and only if it is the only one.
 */

/** Replacements of one call, and steps of looking for a place that differs in white space. */
const MAX_REPLACED = 100_000;
const MAX_COMPARED = 5_000_000;

/** Places that are named where there are several. */
const NAMED = 5;

type Span = { start: number; end: number; text: string };

export type Replaced =
  | { text: string; count: number; isExact: boolean }
  /** A sentence for the model. */
  | { problem: string };

/** `text` as it stands in the file, without byte order mark; `eol`: how a new line ends where the replaced ones do not tell. */
export function replaceIn(
  text: string,
  { old, next, all, eol }: { old: string; next: string; all: boolean; eol: "\n" | "\r\n" },
): Replaced {
  const [from, to] = [old, next].map((each) => each.replaceAll("\r\n", "\n")) as [string, string];
  if (from === "") return { problem: "oldString is empty. To make a file or replace all of it, use write." };
  if (from === to) return { problem: "oldString and newString are the same: there is nothing to change." };
  const plain = text.replaceAll("\r\n", "\n");
  // Where several places overlap, nobody knows which is meant.
  const exact = exactSpans(plain, from, to, all ? from.length : 1);
  if (exact.length > MAX_REPLACED) return { problem: `oldString is there more than ${MAX_REPLACED} times.` };
  if (exact.length > 1 && !all)
    return {
      problem: `oldString is there ${exact.length} times, ${namedLines(plain, exact)}. Quote more lines around the one that is meant, or set replaceAll.`,
    };
  const loose = exact.length === 0 ? looseSpan(plain, from, to) : undefined;
  if (loose !== undefined && "problem" in loose) return loose;
  const spans = loose === undefined ? exact : [loose];
  if (spans.every((span) => plain.slice(span.start, span.end) === span.text))
    return { problem: "The text stands there already: there is nothing to change." };
  return { text: rewrite(text, plain, spans, eol), count: spans.length, isExact: loose === undefined };
}

function exactSpans(text: string, from: string, to: string, apart: number): Span[] {
  const spans: Span[] = [];
  for (let at = text.indexOf(from); at !== -1; at = text.indexOf(from, at + apart)) {
    spans.push({ start: at, end: at + from.length, text: to });
    if (spans.length > MAX_REPLACED) break;
  }
  return spans;
}

function namedLines(text: string, spans: readonly Span[]): string {
  const lines = spans.slice(0, NAMED).map(({ start }) => lineAt(text, start));
  return `at the lines ${lines.join(", ")}${spans.length > NAMED ? " and more" : ""}`;
}

function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) line += 1;
  return line;
}

/** Whole lines that are the quoted ones but for white space at their ends, or for an indentation that differs by the same on all of them. */
function looseSpan(text: string, from: string, to: string): Span | { problem: string } {
  const isWhole = from.endsWith("\n");
  const quoted = (isWhole ? from.slice(0, -1) : from).split("\n");
  const lines = text.split("\n");
  const found = quoted.some((line) => line.trim() !== "") ? placesOf(lines, quoted) : [];
  const [place] = found;
  if (place === undefined) return { problem: notFound(lines, quoted) };
  if (found.length > 1)
    return {
      problem: `oldString is not there as it is quoted, and ${found.length} places differ from it in white space only, at the lines ${found
        .slice(0, NAMED)
        .map((at) => at + 1)
        .join(", ")}. Quote one of them exactly.`,
    };
  const matched = lines.slice(place, place + quoted.length);
  const written = indented(isWhole && to.endsWith("\n") ? to.slice(0, -1) : to, quoted, matched);
  if (written === undefined) return { problem: notFound(lines, quoted) };
  const start = lines.slice(0, place).reduce((sum, line) => sum + line.length + 1, 0);
  const length = matched.reduce((sum, line) => sum + line.length + 1, 0);
  const hasEnd = start + length <= text.length;
  // Quoted with its last line end: that is replaced, too.
  if (isWhole && hasEnd)
    return { start, end: start + length, text: to.endsWith("\n") ? `${written}\n` : written };
  return { start, end: Math.min(start + length - 1, text.length), text: written };
}

/** Lines at which the quoted ones begin, compared without white space at their ends; nothing where that takes too long. */
function placesOf(lines: readonly string[], quoted: readonly string[]): number[] {
  const bare = lines.map((line) => line.trim());
  const wanted = quoted.map((line) => line.trim());
  const found: number[] = [];
  let compared = 0;
  for (let at = 0; at + wanted.length <= bare.length; at += 1) {
    let same = 0;
    while (same < wanted.length && bare[at + same] === wanted[same]) same += 1;
    compared += same + 1;
    if (compared > MAX_COMPARED) return [];
    if (same === wanted.length) found.push(at);
  }
  return found;
}

const indentOf = (line: string): string => /^[\t ]*/.exec(line)?.[0] ?? "";

/** The new lines with the indentation of the place; undefined where the quoted lines do not all differ from it in the same way. */
function indented(to: string, quoted: readonly string[], matched: readonly string[]): string | undefined {
  let change: { add: string; drop: string } | undefined;
  for (const [at, line] of quoted.entries()) {
    if (line.trim() === "") continue;
    const [told, real] = [indentOf(line), indentOf(matched[at] ?? "")];
    let next: { add: string; drop: string };
    if (real.endsWith(told)) next = { add: real.slice(0, real.length - told.length), drop: "" };
    else if (told.endsWith(real)) next = { add: "", drop: told.slice(0, told.length - real.length) };
    else return undefined;
    if (change !== undefined && (change.add !== next.add || change.drop !== next.drop)) return undefined;
    change = next;
  }
  const { add, drop } = change ?? { add: "", drop: "" };
  const lines = to.split("\n");
  if (lines.some((line) => line.trim() !== "" && !line.startsWith(drop))) return undefined;
  return lines.map((line) => (line.trim() === "" ? line : add + line.slice(drop.length))).join("\n");
}

function notFound(lines: readonly string[], quoted: readonly string[]): string {
  const first = quoted.find((line) => line.trim() !== "")?.trim() ?? "";
  const alike = lines
    .flatMap((line, at) => (first !== "" && line.trim() === first ? [at + 1] : []))
    .slice(0, NAMED);
  const hint =
    alike.length === 0
      ? ""
      : ` Its first line stands at ${alike.length === 1 ? "line" : "the lines"} ${alike.join(", ")}, but what follows differs.`;
  return `oldString is not in the file. It must be the file's text exactly, with its white space and without line numbers.${hint}`;
}

/** The spans of `plain` put into `text`, which is the same but for its line ends. */
function rewrite(text: string, plain: string, spans: readonly Span[], eol: "\n" | "\r\n"): string {
  const pieces: string[] = [];
  let [at, read] = [0, 0];
  /** The place in `text` of one in `plain` at or behind the last one: each `\r\n` on the way is one longer. */
  const placeOf = (target: number): number => {
    if (text.length === plain.length) return target;
    while (at < target) {
      read += text[read] === "\r" && text[read + 1] === "\n" ? 2 : 1;
      at += 1;
    }
    return read;
  };
  let done = 0;
  for (const span of spans) {
    const start = placeOf(span.start);
    const end = placeOf(span.end);
    const replaced = text.slice(start, end);
    const ends = replaced.includes("\r\n") ? "\r\n" : replaced.includes("\n") ? "\n" : eol;
    pieces.push(text.slice(done, start), ends === "\n" ? span.text : span.text.replaceAll("\n", "\r\n"));
    done = end;
  }
  return pieces.join("") + text.slice(done);
}
