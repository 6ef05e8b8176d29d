/**
 * Text that somebody decides by, so that what is seen is what runs (I-23): each character that would not be seen, or would move others, is written as a
 * mark, `<U+202E>`; the same one many times is one mark with its number, `<U+0020 x300>`. Pure.
 *
 * - Nothing can forge a mark: a `<` that would begin one is a mark itself, so that two texts never look alike.
 * - Every text can be read back from its marks; nothing is left out.
 */

/**
 * What a text is. `line`: a path, a pattern, a name, where a line break is a mark too. `block`: a command, arguments, the text of a file; line breaks and tabs
 * stay, unless there are so many that they hide the rest. `words`: what somebody said in their own language; what its spelling needs stays.
 */
export type TextKind = "line" | "block" | "words";

/** A stretch of a text. `mark`: it stands for characters that would not be seen; `turn`: it would be drawn on the wrong side of what is before it. */
export type VisiblePiece = { text: string; kind: "plain" | "mark" | "turn" };

/** Blanks side by side, and line breaks with nothing but blanks between, from which on they hide what comes behind them. */
const BLANKS = 32;
const BREAKS = 5;

/** Never seen, or seen as a blank, or moving others. Some blanks are symbols and letters to Unicode; those are named. */
const UNSEEN = String.raw`[[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800\ufffc\u{13441}\u{13442}\u{16fe4}\u{1d159}]--[ \n\t]]`;
/** Letters that run from right to left, with their marks and digits; and what takes its direction from what is around it. */
const RTL = String.raw`[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]`;
const NEUTRAL = String.raw`[[\P{L}]--[\p{N}]--${RTL}]`;

const OPENS_MARK = String.raw`<(?=U?\+)`;
/** The third mark on a letter, and more, hide the lines around it. */
const PILED = String.raw`(?<=\p{M}{2})\p{M}+`;
const MANY = String.raw`[ \t]{${BLANKS},}|(?:[ \t]*\n){${BREAKS},}[ \t]*`;
const AT_LINE_END = String.raw`[ \t]+(?=\n|$)`;
/** Behind a letter from the right, digits and letters from the right would be drawn before it, and what is between them with them. */
const TURNED = String.raw`(?<turn>(?=\p{Nd})(?<=${RTL}${NEUTRAL}*).|(?=${RTL})(?<=${RTL}${NEUTRAL}+).)`;
/** Emoji of several characters; and joiners between letters of the scripts that are spelled with them; and the blanks of typography. */
const SPELLING = String.raw`(?<kept>\p{RGI_Emoji}|(?<=[\u0600-\u109f\u1780-\u18af])[\u200c\u200d](?=[\u0600-\u109f\u1780-\u18af])|(?<=\S)[\p{Zs}--[ ]](?=\S))`;

const PARTS: Readonly<Record<TextKind, readonly string[]>> = {
  line: [OPENS_MARK, String.raw`[ \t\n]{${BLANKS},}|^[ \t]+|[ \t]+$|[\t\n]`, UNSEEN + "+", PILED, TURNED],
  block: [OPENS_MARK, MANY, AT_LINE_END, UNSEEN + "+", PILED, TURNED],
  words: [SPELLING, OPENS_MARK, MANY, String.raw`(?<same>${UNSEEN})\k<same>*`, PILED],
};

/** ASCII in which nothing can be found: most text is, and what finds the rest takes long to compile. */
const PLAIN = /^[!-;=-~]+(?: [!-;=-~]+)*$/;

const finders = new Map<TextKind, RegExp>();

function finderOf(kind: TextKind): RegExp {
  const known = finders.get(kind);
  if (known !== undefined) return known;
  const made = new RegExp(PARTS[kind].join("|"), "gv");
  finders.set(kind, made);
  return made;
}

/** The text in stretches: as they stand, and as marks. */
export function visiblePieces(text: string, kind: TextKind): VisiblePiece[] {
  if (PLAIN.test(text)) return [{ text, kind: "plain" }];
  const pieces: VisiblePiece[] = [];
  let end = 0;
  for (const { 0: found, index, groups } of text.matchAll(finderOf(kind))) {
    if (groups?.["kept"] !== undefined) continue;
    if (index > end) pieces.push({ text: text.slice(end, index), kind: "plain" });
    if (groups?.["turn"] === undefined) pieces.push({ text: marksOf(found), kind: "mark" });
    else pieces.push({ text: found, kind: "turn" });
    end = index + found.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end), kind: "plain" });
  return pieces;
}

/** The same as one string, for where nothing can be drawn but text: a terminal, a notification, a name that is read out. */
export function visibleText(text: string, kind: TextKind): string {
  return visiblePieces(text, kind)
    .map((piece) => (piece.kind === "turn" ? marksOf(piece.text) : piece.text))
    .join("");
}

function marksOf(text: string): string {
  return text.replace(/(.)\1*/gsu, (run, char: string) => {
    const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    return `<U+${code}${run === char ? "" : ` x${run.length / char.length}`}>`;
  });
}

/** A text too long to be shown at once: its beginning, its end, and how many characters (UTF-16) are left out between. */
export type CutText = { head: string; left: number; tail: string };

/** Cuts a text that is longer than `characters` or has more than `lines`; undefined when it can be shown whole. The end is shown because a command ends in it. */
export function cutText(text: string, limit: { characters: number; lines: number }): CutText | undefined {
  const lines = text.split("\n");
  if (text.length <= limit.characters && lines.length <= limit.lines) return undefined;
  const atEnd = { lines: Math.floor(limit.lines / 4), characters: Math.floor(limit.characters / 4) };
  const first = lines.slice(0, limit.lines - atEnd.lines).join("\n").length;
  const last = lines.slice(Math.max(0, lines.length - atEnd.lines)).join("\n").length;
  const from = boundary(text, Math.min(first, limit.characters - atEnd.characters));
  const to = boundary(text, Math.max(from, text.length - Math.min(last, atEnd.characters)));
  return { head: text.slice(0, from), left: to - from, tail: text.slice(to) };
}

/** A place that is not inside of a character. */
const boundary = (text: string, at: number): number =>
  /^[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(at - 1, at + 1)) ? at - 1 : at;
