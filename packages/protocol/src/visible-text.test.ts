import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cutText, type TextKind, visiblePieces, visibleText } from "./visible-text.ts";

const KINDS: readonly TextKind[] = ["line", "block", "words"];

/** What no text that somebody decides by may hold: controls, formats, unassigned and private characters, blanks but the plain one, fillers. */
const HIDING = /[[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800\ufffc]--[ \n\t]]/v;

/** Reads a text back from its marks. */
const readBack = (shown: string) =>
  shown.replace(/<U\+([0-9A-F]{4,6})(?: x(\d+))?>/g, (_, code: string, times = "1") =>
    String.fromCodePoint(Number.parseInt(code, 16)).repeat(Number(times)),
  );

describe("[I-23] text that somebody decides by", () => {
  test.each([
    ["an override", "echo \u202Excod.exe", "echo <U+202E>xcod.exe"],
    ["isolates and embeddings", "\u2066a\u2069\u202ab\u202c", "<U+2066>a<U+2069><U+202A>b<U+202C>"],
    ["marks of direction", "a\u200e\u200f\u061cb", "a<U+200E><U+200F><U+061C>b"],
    ["no width", "r\u200bm\u200c\u200d\u2060\ufeff", "r<U+200B>m<U+200C><U+200D><U+2060><U+FEFF>"],
    ["a soft hyphen, a joiner of graphemes", "r\u00adm\u034f", "r<U+00AD>m<U+034F>"],
    ["tags", "a\u{e0072}\u{e006d}", "a<U+E0072><U+E006D>"],
    ["selectors of variants", "a\ufe0f\u{e0100}\u180b", "a<U+FE0F><U+E0100><U+180B>"],
    ["fillers", "\u115f\u1160\u3164\uffa0\u2800", "<U+115F><U+1160><U+3164><U+FFA0><U+2800>"],
    ["separators of lines", "a\u2028b\u2029\u0085", "a<U+2028>b<U+2029><U+0085>"],
    [
      "controls and escapes",
      "\u0000\u001b[2J\u009b1m\r\u007f\b",
      "<U+0000><U+001B>[2J<U+009B>1m<U+000D><U+007F><U+0008>",
    ],
    ["blanks that are not the blank", "a\u00a0b\u2003c\u3000d", "a<U+00A0>b<U+2003>c<U+3000>d"],
    ["unassigned, private, half", "\u2065\ufff0\ue000\ud800.", "<U+2065><U+FFF0><U+E000><U+D800>."],
    ["the same many times", `a${"\u200b".repeat(5_000)}b`, "a<U+200B x5000>b"],
    ["emoji", "\u2764\ufe0f \u{1f468}\u200d\u{1f469}", "❤<U+FE0F> 👨<U+200D>👩"],
    ["marks on marks", "e\u0301\u0323\u0300\u0301\u0301!", "e\u0301\u0323<U+0300><U+0301 x2>!"],
    ["what looks like a mark", "<U+202E> <+12 <u>", "<U+003C>U+202E> <U+003C>+12 <u>"],
    ["blanks at the end", "rm a\\ ", "rm a\\<U+0020>"],
    ["letters from the right", "chmod \u05d0 777", "chmod \u05d0 <U+0037>77"],
    ["two names from the right", "cp \u05d0\u05d1 \u05d2\u05d3", "cp \u05d0\u05d1 <U+05D2>\u05d3"],
    ["a name from the right between others", "cp a \u05d0\u05d1 b1", "cp a \u05d0\u05d1 b1"],
    ["ordinary text", "grep -rn 'für' src | wc -l > é.txt", "grep -rn 'für' src | wc -l > é.txt"],
  ])("[I-23] %s are marked", (_name, text, shown) => {
    expect(visibleText(text, "line")).toBe(shown);
    expect(visibleText(text, "block")).toBe(shown);
  });

  test.each<[string, TextKind, string, string]>([
    ["line breaks and tabs of one line", "line", "a\n\tb", "a<U+000A><U+0009>b"],
    ["blanks around one line", "line", " a ", "<U+0020>a<U+0020>"],
    ["line breaks and tabs of a block", "block", "if a; then\n\tb\n\n\nfi\n", "if a; then\n\tb\n\n\nfi\n"],
    ["a stretch of blanks", "block", `a${" ".repeat(300)};rm`, "a<U+0020 x300>;rm"],
    ["an indentation", "block", `a\n${" ".repeat(24)}b`, `a\n${" ".repeat(24)}b`],
    ["empty lines", "block", `a${"\n".repeat(300)}rm`, "a<U+000A x300>rm"],
    [
      "empty lines with blanks in them",
      "block",
      "a\n \n\n\t\n\nrm",
      "a<U+000A><U+0020><U+000A x2><U+0009><U+000A x2>rm",
    ],
    ["blanks at the end of a line", "block", "a \\ \nb\t\n", "a \\<U+0020>\nb<U+0009>\n"],
    [
      "people's words",
      "words",
      "Löschen\u202f? ❤️ 👨‍👩‍👧 می\u200cخواهم שלום 1",
      "Löschen\u202f? ❤️ 👨‍👩‍👧 می\u200cخواهم שלום 1",
    ],
    [
      "what words do not need",
      "words",
      "Ye\u200ds \u202eno\u00a0\u00a0\u{e0041}",
      "Ye<U+200D>s <U+202E>no<U+00A0 x2><U+E0041>",
    ],
    [
      "joiners that join nothing",
      "words",
      "\u0645\u200c\u200c\u0645 ❤\u200d",
      "\u0645<U+200C x2>\u0645 ❤<U+200D>",
    ],
  ])("[I-23] %s", (_name, kind, text, shown) => {
    expect(visibleText(text, kind)).toBe(shown);
  });

  test("[I-23] nothing hidden is left of any character, and two texts never look alike", () => {
    let seed = 21;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    const pool = [
      ...Array.from("ab1 <U+20x> \n\t\\*'"),
      ...Array.from(
        "\u05d0\u0627\u0661\u0301\u200b\u200c\u200d\u202e\u2066\ufe0f\u00a0\r\u{e0041}\u{1f468}\u2764\u0915\u094d",
      ),
      " ".repeat(40),
      "\n".repeat(6),
      "<U+202E x2>",
    ];
    for (let round = 0; round < 700; round += 1) {
      const text = Array.from({ length: 1 + random(24) }, () => pool[random(pool.length)]).join("");
      for (const kind of KINDS) {
        const shown = visibleText(text, kind);
        expect(readBack(shown), JSON.stringify(text)).toBe(text);
        if (kind !== "words") expect(HIDING.test(shown), JSON.stringify(text)).toBe(false);
        if (kind === "line") expect(shown).not.toMatch(/[\n\t]/);
        const pieces = visiblePieces(text, kind);
        expect(
          pieces.map((piece) => (piece.kind === "mark" ? readBack(piece.text) : piece.text)).join(""),
        ).toBe(text);
      }
    }
    // Every character but the planes in which nothing is assigned, and those of private use.
    const codes = Array.from({ length: 0x11_0000 }, (_, code) => code).filter(
      (code) => code < 0x3_3000 || code >> 12 === 0xe0 || code % 0x1001 === 0,
    );
    const all = codes.map((code) => String.fromCodePoint(code)).join("a");
    expect(HIDING.exec(visibleText(all, "line"))).toBeNull();
  });

  test("[I-23] a long text is read in a time that grows as it does", () => {
    const parts = [" ", "\n", " \n", "-", "\u05d0-", "\u0301", "1 ", "\u200b\u200c", "\u{1f468}\u200d"];
    for (const part of parts)
      for (const kind of KINDS) expect(visibleText(part.repeat(20_000), kind)).not.toBe("");
  });
});

describe("[I-23] a text too long to be shown at once", () => {
  const limit = { characters: 40, lines: 8 };
  test.each([
    ["fits", "a".repeat(40), undefined],
    ["of one line", `${"a".repeat(2_000)}; touch x`, { left: 1_969, tail: "; touch x" }],
    ["of many lines", `a\n${"\n".repeat(500)}rm`, { left: 495, tail: "\nrm" }],
    ["of pairs", "\u{1f468}".repeat(100), { left: 160, tail: "\u{1f468}".repeat(5) }],
  ])("[I-23] %s", (_name, text, cut) => {
    const found = cutText(text, limit);
    if (cut === undefined) return expect(found).toBeUndefined();
    expect(found?.tail.endsWith(cut.tail)).toBe(true);
    expect(found?.left).toBe(cut.left);
    expect(found === undefined ? 0 : found.head.length + found.left + found.tail.length).toBe(text.length);
    expect(found?.head.isWellFormed() === true && found.tail.isWellFormed()).toBe(true);
  });
});

test("[I-23] text that is taken for plain without a look is what the look would have found", () => {
  const word = fc.stringMatching(/^[!-;=-~]{1,12}$/);
  const text = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join(" "));
  fc.assert(
    fc.property(text, fc.constantFrom("line", "block", "words"), (plain, kind) => {
      expect(visiblePieces(plain, kind)).toEqual([{ text: plain, kind: "plain" }]);
      // A letter beyond ASCII, and everything is looked at.
      expect(visiblePieces(`${plain} é`, kind)).toEqual([{ text: `${plain} é`, kind: "plain" }]);
    }),
  );
});
