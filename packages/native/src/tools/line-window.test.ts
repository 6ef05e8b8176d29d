import * as fc from "fast-check";
import { expect, test } from "vitest";
import { LineWindow } from "./line-window.ts";

const unit = fc.constantFrom("a", "é", "💡", " ", "\t", "\r", "\n", "\r\n");

test("[A-26] windows one after another give every line of a text once, in whatever pieces it comes", () => {
  fc.assert(
    fc.property(
      fc.string({ unit, maxLength: 60 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 7 }),
      (text, limit, length) => {
        const lines = text.split("\n").map((line) => line.replace(/\r$/, ""));
        if (text === "" || text.endsWith("\n")) lines.pop();
        const given: string[] = [];
        for (let from = 1; from <= lines.length; from += limit) {
          const window = new LineWindow(from, limit);
          for (let at = 0; at < text.length; at += length) window.push(text.slice(at, at + length));
          const told = window.end(false);
          expect(told).toMatchObject({ from, lines: lines.length, isEnd: true });
          given.push(...told.text.split("\n"));
          expect(told.to).toBe(given.length);
        }
        expect(given).toEqual(lines.map((line, at) => `${at + 1}: ${line.toWellFormed()}`));
      },
    ),
  );
});

test("[A-26] a line of any length takes no more room than what is given of it", () => {
  const window = new LineWindow(1, 10);
  for (let piece = 0; piece < 2_000; piece += 1) window.push("x".repeat(1_000));
  window.push("\r\nb");
  const { text, lines } = window.end(false);
  expect(text).toBe(`1: ${"x".repeat(2_000)} (1998000 more characters)\n2: b`);
  expect(lines).toBe(2);
});
