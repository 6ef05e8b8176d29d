import fc from "fast-check";
import { expect, test } from "vitest";
import { rebase, without } from "../attribution/index.ts";
import { composeFile, lineOf } from "./compose-file.ts";

type Range = { oldStart: number; oldLines: number; newStart: number; newLines: number; origins: [] };
type Block = { kept: string[]; removed: string[]; added: string[] };

const bytes = (lines: readonly string[]): Buffer => Buffer.from(lines.join(""), "latin1");

/** Two contents and their hunks from blocks: lines that both have, then lines that differ. */
function contentsOf(blocks: readonly Block[]) {
  const [before, after]: [string[], string[]] = [[], []];
  const hunks: Range[] = [];
  for (const { kept, removed, added } of blocks) {
    before.push(...kept);
    after.push(...kept);
    if (removed.length + added.length > 0)
      hunks.push({
        oldStart: before.length + (removed.length === 0 ? 0 : 1),
        oldLines: removed.length,
        newStart: after.length + (added.length === 0 ? 0 : 1),
        newLines: added.length,
        origins: [],
      });
    before.push(...removed);
    after.push(...added);
  }
  return { before: bytes(before), after: bytes(after), hunks };
}

const line = fc.stringMatching(/^[a-c\r\xff]{0,3}$/).map((text) => `${text}\n`);
const block = fc.record({
  kept: fc.array(line, { minLength: 1, maxLength: 3 }),
  removed: fc.array(line, { maxLength: 3 }),
  added: fc.array(line, { maxLength: 3 }),
});

test("[W-6] any choice of hunks and the rest of them lead from the baseline to the result", () => {
  fc.assert(
    fc.property(fc.array(block, { maxLength: 6 }), fc.array(fc.boolean()), (blocks, choice) => {
      const { before, after, hunks } = contentsOf(blocks);
      const isTaken = (hunk: Range) => choice[hunks.indexOf(hunk)] === true;
      expect(composeFile(before, after, hunks, () => true)).toEqual(after);
      expect(composeFile(before, after, hunks, () => false)).toEqual(before);
      const part = composeFile(before, after, hunks, isTaken);
      expect(composeFile(part, after, rebase(hunks, isTaken), () => true)).toEqual(after);
      const chosen = without(hunks, (hunk) => !isTaken(hunk));
      expect(composeFile(before, part, chosen, () => true)).toEqual(part);
    }),
  );
});

test("[W-6] bytes that are no text in any encoding, and a missing newline at the end, stay as they are", () => {
  const before = Buffer.from([0xff, 10, 65, 13, 10, 66]);
  const after = Buffer.from([0xfe, 10, 65, 13, 10, 67]);
  const hunks = [
    { oldStart: 1, oldLines: 1, newStart: 1, newLines: 1 },
    { oldStart: 3, oldLines: 1, newStart: 3, newLines: 1 },
  ];
  expect([...composeFile(before, after, hunks, ({ oldStart }) => oldStart === 3)]).toEqual([
    0xff, 10, 65, 13, 10, 67,
  ]);
});

test("[W-6] hunks of another content are refused instead of making one up", () => {
  const hunks = [{ oldStart: 4, oldLines: 2, newStart: 1, newLines: 1 }];
  expect(() => composeFile(Buffer.from("a\n"), Buffer.from("b\n"), hunks, () => true)).toThrow(RangeError);
});

test("[W-6] a comment quotes its line without the line's end", () => {
  expect(lineOf(Buffer.from("one\r\ntwö\n"), 1)).toBe("one");
  expect(lineOf(Buffer.from("one\r\ntwö"), 2)).toBe("twö");
  expect(lineOf(Buffer.from("one\n"), 2)).toBeUndefined();
});
