import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KEPT_BYTES, LineSplitter, type Line } from "./line-splitter.ts";

function split(bytes: Buffer, sizes: readonly number[], limit?: number): Line[] {
  const splitter = new LineSplitter(limit);
  const lines: Line[] = [];
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = Math.max(1, sizes[turn % Math.max(1, sizes.length)] ?? bytes.length);
    lines.push(...splitter.push(bytes.subarray(at, at + size)));
    at += size;
  }
  const last = splitter.end();
  return last === undefined ? lines : [...lines, last];
}

describe("LineSplitter", () => {
  test.each([
    ["", []],
    ["\n\n \n", []],
    ["one", ["one"]],
    ["one\n", ["one"]],
    ["one\ntwo\n", ["one", "two"]],
    ["one\r\n\ntwo", ["one\r", "two"]],
    ["é\n日本\n😀", ["é", "日本", "😀"]],
    ["\u2028 is no newline\n", ["\u2028 is no newline"]],
  ])("[A-12] splits %j", (text, expected) => {
    expect(split(Buffer.from(text), [])).toEqual(expected.map((line) => ({ text: line })));
  });

  test("[A-12] any chunking of the same bytes gives the same lines", () => {
    const line = fc.oneof(fc.string({ unit: "binary", maxLength: 40 }), fc.constant("x".repeat(100)));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.integer({ min: 1, max: 17 })), (lines, sizes) => {
        const bytes = Buffer.from(lines.join("\n"));
        expect(split(bytes, sizes, 64)).toEqual(split(bytes, [], 64));
      }),
    );
  });

  test("[A-12] a line over the limit is told by its size and both ends, and costs no more than them", () => {
    const line = `${"a".repeat(2_000)}${"b".repeat(3_000)}${"c".repeat(2_000)}`;
    const [dropped, next] = split(Buffer.from(`${line}\nnext\n`), [700], 4_000);
    expect(dropped).toEqual({
      dropped: { bytes: 7_000, head: "a".repeat(KEPT_BYTES), tail: "c".repeat(KEPT_BYTES) },
    });
    expect(next).toEqual({ text: "next" });
  });

  test("[A-12] a line of exactly the limit is kept", () => {
    expect(split(Buffer.from("12345\n123456\n"), [2], 5)).toEqual([
      { text: "12345" },
      { dropped: { bytes: 6, head: "123456", tail: "123456" } },
    ]);
  });
});
