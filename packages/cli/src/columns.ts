/** How much room a text takes in a terminal. */
import stringWidth from "string-width";

const TAB = 8;
/** What takes two columns to readline or to some terminals, and one or none to others. */
const MAYBE_WIDE = /^[\p{Emoji}\p{M}\p{Default_Ignorable_Code_Point}\u{1d15e}-\u{1d1c0}]/v;
/** Latin, Greek, Cyrillic and what else is never wide ends before it. */
const FIRST_WIDE = "\u1100";
const CLUSTERS = new Intl.Segmenter();

/**
 * How much of a text fits for certain, in UTF-16 code units; at least one character. What is drawn as one is not cut unless it does not fit by itself.
 *
 * Counts rather too many columns than too few: terminals differ in which emoji they join, and a screen whose rows are longer than readline believes
 * cannot be repainted. Nothing counts as none, or a flood of marks would be a row without end.
 */
export function fitting(text: string, columns: number): number {
  let end = 0;
  let used = 0;
  for (const char of text) {
    used += columnsAtMost(char);
    if (used > columns && end > 0)
      return CLUSTERS.segment(text.slice(0, end + char.length)).containing(end)?.index || end;
    end += char.length;
  }
  return end;
}

function columnsAtMost(char: string): number {
  if (char < FIRST_WIDE) return char === "\t" ? TAB : 1;
  return MAYBE_WIDE.test(char) ? 2 : Math.max(1, stringWidth(char));
}

/** As much of a line as fits for certain into that many columns, with a sign when something is left out. */
export function shorten(line: string, columns: number): string {
  return fitting(line, columns) === line.length ? line : `${line.slice(0, fitting(line, columns - 1))}…`;
}
