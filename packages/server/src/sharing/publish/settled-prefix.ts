/** How much of a text that still grows may be told (S-17). Pure. */
import { openKey } from "./secret-formats.ts";
import { SECRET_NAME } from "./telling-value.ts";

/** A value in quotes that has begun behind the name of a secret, and not ended. */
const OPEN_VALUE = new RegExp(
  String.raw`${SECRET_NAME}(?:\\{0,7}["'\`]\]?)?[ \t]{0,4}(?::=|=>|[:=])[ \t]{0,4}[bfru]?(?:(\\{0,7}["'\`])(?:(?!\3)[^\n]){0,512})$`,
  "di",
);
const LAST_BLANK = /\s\S*$/;

/**
 * The part of a growing text after which a secret can only begin, never go on: up to its last white space, and not into a key or a quoted value that has
 * begun, nor into one of `phrases`, which are secrets and places with blanks in them.
 */
export function settledPrefix(text: string, phrases: readonly string[]): string {
  let settled = text;
  for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
    settled = uptoBlank(settled);
    const held = heldFrom(settled, phrases);
    if (held === undefined) return settled;
    settled = settled.slice(0, held);
  }
  return "";
}

/** A text in which more is open than this waits for its end. */
const MOST_LOOKS = 20;

function uptoBlank(text: string): string {
  const blank = LAST_BLANK.exec(text.slice(-TAIL)) ?? (text.length > TAIL ? LAST_BLANK.exec(text) : null);
  if (blank === null) return "";
  const tail = blank.input.length - blank.index - 1;
  return text.slice(0, text.length - tail);
}

/** A last white space is mostly here; else the whole text is looked at. */
const TAIL = 1_024;

/** Where something begins that has not ended; `undefined`: nothing does. */
function heldFrom(text: string, phrases: readonly string[]): number | undefined {
  const key = openKey(text);
  if (key !== undefined) return key;
  const value = OPEN_VALUE.exec(text.slice(-TAIL));
  if (value !== null) return Math.max(0, text.length - TAIL) + (value.indices?.[3]?.[0] ?? value.index);
  const starts = phrases.flatMap((phrase) => {
    const length = overlap(text, phrase);
    return length === 0 ? [] : [text.length - length];
  });
  return starts.length === 0 ? undefined : Math.min(...starts);
}

/** How many characters at the end of the text are the begin of the phrase, and not all of it. */
function overlap(text: string, phrase: string): number {
  for (let length = Math.min(phrase.length - 1, text.length); length > 0; length -= 1)
    if (/\s/.test(phrase[length - 1] ?? "") && text.endsWith(phrase.slice(0, length))) return length;
  return 0;
}
