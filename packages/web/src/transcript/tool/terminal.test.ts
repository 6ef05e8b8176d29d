import { describe, expect, test } from "vitest";
import { screenOf, SHOWN_LINE_LENGTH } from "./terminal.ts";

const html = (output: string) => screenOf(output, 10).html;

describe("the screen of a command", () => {
  test.each([
    ["plain", "a\nb\n", "a\nb"],
    ["a progress bar", "10%\r50%\r100%\n", "100%"],
    ["a shorter line over a longer one", "downloading\rdone\n", "doneloading"],
    ["Windows ends of lines", "a\r\nb\r\n", "a\nb"],
    ["markup", "<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"],
    ["cursor movement and titles", "\u001b]0;title\u0007\u001b[2Ja\u001b[3;4Hb\u001b[?25l", "ab"],
    ["control characters", "a\u0000\u0008b\u007f", "ab"],
  ])("[I-15] shows %s", (_name, output, shown) => {
    expect(html(output)).toBe(shown);
  });

  test("[I-15] colours are classes, never links", () => {
    expect(html("\u001b[31mred\u001b[0m")).toBe('<span class="ansi-red-fg">red</span>');
    expect(html("\u001b]8;;https://evil.test\u0007link\u001b]8;;\u0007")).not.toContain("href");
  });

  test("[I-16] shows the last lines, and says how many are hidden", () => {
    const output = Array.from({ length: 25 }, (_, index) => `line ${index}`).join("\n");
    expect(screenOf(output, 10)).toMatchObject({ hiddenLines: 15 });
    expect(html(output).split("\n")).toHaveLength(10);
    expect(html(output)).toMatch(/^line 15\n/);
  });

  test("[I-16] cuts a line of a megabyte", () => {
    const screen = screenOf("x".repeat(1_000_000), 10);
    expect(screen.cutLines).toBe(1);
    expect(screen.html.length).toBeLessThan(SHOWN_LINE_LENGTH + 100);
  });
});
