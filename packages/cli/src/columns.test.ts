import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { describe, expect, test, vi } from "vitest";
import { fitting, shorten } from "./columns.ts";
import { createOutput, oneLine } from "./output.ts";

const FAMILY = "👨‍👩‍👧‍👦";

/** What a table of these cells looks like. */
function tableOf(...cells: string[]): string[] {
  let shown = "";
  using write = vi
    .spyOn(process.stdout, "write")
    .mockImplementation((text) => (shown += String(text)) !== "");
  createOutput({ stdoutColor: false, stderrColor: false }).table(cells.map((cell) => [cell, "|"]));
  expect(write).toHaveBeenCalledOnce();
  return shown.trimEnd().split("\n");
}

describe("[I-10] room in a terminal", () => {
  test("[I-10] columns of a table stand below each other, whatever is written in them", () => {
    expect(tableOf("abcd", FAMILY, "日本", "e\u0301", "\u001b[31mred\u001b[39m", "❤️", "ᄒ\u1161ᆫ")).toEqual([
      "abcd  |",
      `${FAMILY}    |`,
      "日本  |",
      "e\u0301     |",
      "\u001b[31mred\u001b[39m   |",
      "❤️    |",
      "ᄒ\u1161ᆫ    |",
    ]);
  });

  test("[I-10] what is drawn as one is not cut", () => {
    expect(oneLine("😀".repeat(50), 80)).toBe(`${"😀".repeat(39)}…`);
    expect(oneLine("日本語", 5)).toBe("日本…");
    expect(shorten(`ab${FAMILY}`, 8)).toBe("ab…");
    expect(shorten(`ab${FAMILY}`, 16)).toBe(`ab${FAMILY}`);
    expect(shorten("abc", 3)).toBe("abc");
  });

  test("[I-10] a row of narrow signs fills the terminal", () => {
    for (const sign of ["─", "│", "⣿", "–", "”", "→", "ក"]) expect(fitting(sign.repeat(100), 79)).toBe(79);
    expect(fitting("日".repeat(100), 79)).toBe(39);
    expect(fitting("a\tb\tc", 10)).toBe(3);
  });

  test.each([
    ["marks", "a", "\u0301"],
    ["joiners", "a", "\u200d"],
    ["jamo that are one syllable", "ᄀ", "ᄀ"],
    ["joined consonants", "क", "\u094d\u200dष"],
  ])("[I-10] a flood of %s does not stay in one row", (_, begin, more) => {
    const flood = begin + more.repeat(10_000);
    expect(fitting(flood, 79)).toBeLessThanOrEqual(79);
    expect(fitting(`ok ${flood}`, 79)).toBeGreaterThan(0);
    expect(fitting("😀", 1)).toBe(2);
  });

  test("[I-10] nothing takes more room to readline, which counts the rows that are cleared", () => {
    const readline = createInterface({ input: new PassThrough(), output: new PassThrough(), terminal: true });
    for (let code = 0xa0; code <= 0x1_ffff;) {
      let text = "";
      for (const end = code + 200; code < end; code += 1)
        if (code < 0xd800 || code > 0xdfff) text += String.fromCodePoint(code);
      for (let rest = text; rest !== "";) {
        const row = rest.slice(0, fitting(rest, 40));
        rest = rest.slice(row.length);
        readline.setPrompt(row);
        const { cols } = readline.getCursorPos();
        expect(cols, `from U+${row.codePointAt(0)?.toString(16)}`).toBeLessThanOrEqual(40);
      }
    }
    readline.close();
  });
});
