import { MAX_DELTA_UNITS } from "@holdfast/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pieces } from "./delta-limit.ts";
import { countLines, cutOutput } from "./output-limit.ts";

const bytes = (text: string): number => Buffer.byteLength(text);

describe("[D-28] what a part shows of an output", () => {
  test.each([
    ["exactly 2000 lines", "a\n".repeat(2_000), "a\n".repeat(2_000)],
    ["one line more", `${"a\n".repeat(2_000)}b`, "a\n".repeat(2_000)],
    ["exactly 50 KiB", "a".repeat(51_200), "a".repeat(51_200)],
    ["one byte more", "a".repeat(51_201), "a".repeat(51_200)],
    ["50 KiB that end inside a character", `${"a".repeat(51_199)}\u{1f600}`, "a".repeat(51_199)],
    ["two-byte characters", "é".repeat(25_601), "é".repeat(25_600)],
    ["nothing", "", ""],
  ])("[D-28] %s", (_name, text, shown) => {
    const cut = cutOutput(text);
    expect(cut.text).toBe(shown);
    expect(cut.whole).toEqual(shown === text ? undefined : { bytes: bytes(text), lines: countLines(text) });
  });

  test("[D-28] any text is shown as its longest head within the limits", () => {
    const limits = { lines: 4, bytes: 12 };
    const text = fc.string({ unit: fc.constantFrom("a", "\n", "é", "€", "\u{1f600}"), maxLength: 20 });
    fc.assert(
      fc.property(text, (whole) => {
        const { text: head, whole: size } = cutOutput(whole, limits);
        expect(whole.startsWith(head)).toBe(true);
        expect(bytes(head)).toBeLessThanOrEqual(limits.bytes);
        expect(countLines(head)).toBeLessThanOrEqual(limits.lines);
        if (size === undefined) return;
        const next = head + String.fromCodePoint(whole.codePointAt(head.length) ?? 0);
        expect(bytes(next) > limits.bytes || countLines(next) > limits.lines).toBe(true);
      }),
    );
  });
});

test("[D-4] a delta stays under the size of an event, and none ends inside a surrogate pair", () => {
  expect(MAX_DELTA_UNITS * 6).toBeLessThan(256 * 1024);
  const text = fc.string({ unit: fc.constantFrom("a", "\u{1f600}"), maxLength: 40 });
  fc.assert(
    fc.property(text, fc.integer({ min: 2, max: 7 }), (whole, limit) => {
      const parts = pieces(whole, limit);
      expect(parts.join("")).toBe(whole);
      for (const part of parts) {
        expect(part.length).toBeLessThanOrEqual(limit);
        expect(part.isWellFormed()).toBe(true);
      }
    }),
  );
});
