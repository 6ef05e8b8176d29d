import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { replaceIn, type Replaced } from "./replace.ts";

const replace = (
  text: string,
  old: string,
  next: string,
  more: { all?: boolean; eol?: "\r\n" } = {},
): Replaced => replaceIn(text, { old, next, all: more.all ?? false, eol: more.eol ?? "\n" });

describe("[A-26] a piece of a text", () => {
  test.each<[string, string, string, string, string]>([
    ["in a line", "one two three", "two", "2", "one 2 three"],
    ["over lines", "a\nb\nc\n", "a\nb\n", "x\n", "x\nc\n"],
    ["to nothing", "a\nb\n", "b\n", "", "a\n"],
    ["with signs of patterns", "$1 $& a", "$&", "$$", "$1 $$ a"],
    ["in a text of CRLF", "a\r\nb\r\nc\r\n", "a\nb", "x\ny\nz", "x\r\ny\r\nz\r\nc\r\n"],
    ["quoted with CRLF", "a\nb\n", "a\r\nb\r\n", "x\r\n", "x\n"],
    ["whose lines end in both ways", "a\r\nb\nc\r\nd\n", "b\nc", "B\nC", "a\r\nB\nC\r\nd\n"],
  ])("%s", (_what, text, old, next, expected) => {
    expect(replace(text, old, next, text.startsWith("a\r\n") ? { eol: "\r\n" } : {})).toEqual({
      text: expected,
      count: 1,
      isExact: true,
    });
  });

  test("every place, from left to right, is replaced when that is asked for", () => {
    expect(replace("aaaa a", "aa", "b", { all: true })).toEqual({ text: "bb a", count: 2, isExact: true });
  });

  test.each<[string, string, string, string, RegExp]>([
    ["nothing quoted", "a", "", "b", /empty.*use write/],
    ["the same text", "a", "a", "a", /nothing to change/],
    ["several places", "x\na\nx\n", "x", "y", /2 times, at the lines 1, 3/],
    ["several places that overlap", "aaa", "aa", "b", /2 times/],
    ["no place", "a\n", "b", "c", /not in the file/],
    ["no place, but its first line", "a\nb\n", "a\nc", "d", /first line stands at line 1/],
    ["a blank line only", "a\n\nb", " ", "x", /not in the file/],
  ])("%s is refused in words", (_what, text, old, next, problem) => {
    expect(replace(text, old, next)).toEqual({ problem: expect.stringMatching(problem) as string });
  });
});

describe("[A-26] a place that differs in white space", () => {
  test.each<[string, string, string, string, string]>([
    ["at ends of lines", "if a:  \n\tb\n", "if a:\n\tb\n", "if c:\n\td\n", "if c:\n\td\n"],
    ["by an indentation", "  {\n    a\n  }\n", "{\n  a\n}", "{\n  b\n}", "  {\n    b\n  }\n"],
    [
      "by one that is too deep",
      "a {\n  b\n}\n",
      "  a {\n    b\n  }\n",
      "  c {\n    d\n  }\n",
      "c {\n  d\n}\n",
    ],
    ["at the end of a file without a line end", "a\n  b ", "a\n  b\n", "a\n  c\n", "a\n  c"],
  ])("%s is taken, with its own indentation", (_what, text, old, next, expected) => {
    expect(replace(text, old, next)).toEqual({ text: expected, count: 1, isExact: false });
  });

  test("is not taken where there are two", () => {
    expect(replace("  a;\n\ta;\n", "a; \n", "b;\n")).toEqual({
      problem: expect.stringMatching(/2 places differ.*lines 1, 2/) as string,
    });
  });

  test("is not taken where its lines are indented by different ways", () => {
    expect(replace("  a\nb\n", "a\n  b\n", "c\n")).toHaveProperty("problem");
  });

  test("is not looked for for ever", () => {
    const text = "a \n".repeat(20_000);
    expect(replace(text, `${"a\n".repeat(10_000)}b\n`, "c")).toHaveProperty("problem");
  });
});

const lineEnd = fc.constantFrom("\n", "\r\n");
const text = fc
  .array(
    fc.tuple(fc.string({ unit: fc.constantFrom("a", "b", " ", "\t", "é", "💡"), maxLength: 6 }), lineEnd),
  )
  .map((lines) => lines.map(([line, end]) => line + end).join(""));

test("[A-26] what is not replaced keeps every byte, and what is replaced is what was asked for", () => {
  fc.assert(
    fc.property(
      text,
      fc.nat(),
      fc.nat({ max: 20 }),
      fc.string({ maxLength: 8 }),
      (whole, at, length, next) => {
        const plain = whole.replaceAll("\r\n", "\n");
        const start = plain.length === 0 ? 0 : at % plain.length;
        const old = plain.slice(start, start + length);
        const told = replaceIn(whole, { old, next, all: false, eol: "\n" });
        fc.pre(!("problem" in told));
        const newPlain = next.replaceAll("\r\n", "\n");
        expect(told.text.replaceAll("\r\n", "\n")).toBe(
          (plain.slice(0, start) + newPlain + plain.slice(start + length)).replaceAll("\r\n", "\n"),
        );
        expect(told.isExact).toBe(true);
        // The same bytes before and behind, whichever line ends they have.
        const before = bytesOf(whole, start);
        const behind = whole.slice(bytesOf(whole, start + length).length);
        expect(told.text.startsWith(before) && told.text.endsWith(behind)).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

/** The beginning of a text that has so many units when each line end counts as one. */
function bytesOf(whole: string, units: number): string {
  let at = 0;
  for (let unit = 0; unit < units; unit += 1) at += whole.startsWith("\r\n", at) ? 2 : 1;
  return whole.slice(0, at);
}
