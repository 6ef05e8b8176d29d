import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { FoundLine, Job } from "./jobs.ts";
import { matcherOf } from "./matcher-of.ts";

/** Bytes of a file that is searched; a larger one is passed over, and counted. */
const MAX_BYTES = 10 * 1024 * 1024;
/** Characters of a line that are searched, and that are shown around a match. */
const SEARCHED = 20_000;
const SHOWN = 400;
/** Bytes that are looked at for NUL. */
const LOOKED_AT = 8_192;

/** Searches file by file, tells what one had at once, and stops at `most` lines. */
export function linesIn(
  { base, files, source, flags, include, most }: Extract<Job, { type: "lines" }>,
  tell: (lines: FoundLine[]) => void,
): { searched: number; passedOver: number; isCut: boolean } {
  const pattern = new RegExp(source, flags);
  const isMeant = include === undefined ? () => true : matcherOf(include);
  let [searched, passedOver, left] = [0, 0, most];
  for (const file of files) {
    if (!isMeant(file)) continue;
    const text = textOf(join(base, file));
    if (text === undefined) {
      passedOver += 1;
      continue;
    }
    searched += 1;
    const found = linesOf(file, text, pattern, left + 1);
    const taken = found.slice(0, left);
    if (taken.length > 0) tell(taken);
    left -= taken.length;
    if (found.length > taken.length) return { searched, passedOver, isCut: true };
  }
  return { searched, passedOver, isCut: false };
}

function linesOf(file: string, text: string, pattern: RegExp, most: number): FoundLine[] {
  const found: FoundLine[] = [];
  for (let at = 0, line = 1; at <= text.length && found.length < most; line += 1) {
    const next = text.indexOf("\n", at);
    const end = next === -1 ? text.length : next;
    const whole = text.slice(at, Math.min(text[end - 1] === "\r" ? end - 1 : end, at + SEARCHED));
    const match = pattern.exec(whole);
    if (match !== null && !(next === -1 && whole === ""))
      found.push({ file, line, text: shown(whole, match.index) });
    at = end + 1;
  }
  return found;
}

/** The line, or what stands around the match in a long one. */
function shown(line: string, match: number): string {
  if (line.length <= SHOWN) return line.toWellFormed();
  const start = Math.max(0, Math.min(match - SHOWN / 4, line.length - SHOWN));
  const piece = line.slice(start, start + SHOWN).toWellFormed();
  return `${start > 0 ? "…" : ""}${piece}${start + SHOWN < line.length ? "…" : ""}`;
}

/** Undefined for what is no regular file, too large, or no text. */
function textOf(path: string): string | undefined {
  let file: number | undefined;
  try {
    if (!lstatSync(path).isFile()) return undefined;
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const found = fstatSync(file);
    if (!found.isFile() || found.size > MAX_BYTES) return undefined;
    const bytes = readFileSync(file);
    return bytes.subarray(0, LOOKED_AT).includes(0) ? undefined : bytes.toString("utf8");
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
