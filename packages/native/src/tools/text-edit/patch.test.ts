import { structuredPatch } from "diff";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyHunks } from "./apply-hunks.ts";
import { type Hunk, parsePatch, type PatchStep } from "./parse-patch.ts";

const patchOf = (...lines: string[]): string => ["*** Begin Patch", ...lines, "*** End Patch"].join("\n");

function stepsOf(...lines: string[]): PatchStep[] {
  const steps = parsePatch(patchOf(...lines));
  if ("problem" in steps) throw new Error(steps.problem);
  return steps;
}

function hunksOf(...lines: string[]): Hunk[] {
  const [step] = stepsOf("*** Update File: a", ...lines);
  if (step?.type !== "update") throw new Error("no update");
  return step.hunks;
}

describe("[A-26] a patch", () => {
  test("adds, deletes, updates and moves", () => {
    expect(
      stepsOf(
        "*** Add File: new dir/a.txt",
        "+one",
        "+",
        "",
        "*** Delete File: b",
        "*** Update File: c",
        "*** Move to: d",
        "@@ class A",
        "@@ method",
        " kept",
        "-gone",
        "+come",
        "",
        "@@",
        "-last",
        "*** End of File",
      ),
    ).toEqual([
      { type: "add", path: "new dir/a.txt", text: "one\n\n" },
      { type: "delete", path: "b" },
      {
        type: "update",
        path: "c",
        moveTo: "d",
        hunks: [
          {
            anchors: ["class A", "method"],
            isEnd: false,
            line: 9,
            lines: [
              { kind: " ", text: "kept" },
              { kind: "-", text: "gone" },
              { kind: "+", text: "come" },
              { kind: " ", text: "" },
            ],
          },
          { anchors: [""], isEnd: true, line: 15, lines: [{ kind: "-", text: "last" }] },
        ],
      },
    ]);
  });

  test.each<[string, string, RegExp]>([
    ["another text", "diff --git a b", /must begin/],
    ["no end", "*** Begin Patch\n*** Delete File: a", /must end/],
    ["no files", patchOf(), /changes nothing/],
    ["an unknown header", patchOf("*** Rename File: a"), /Line 2.*expected/],
    ["a line of an added file without +", patchOf("*** Add File: a", "+b", "c"), /Line 4.*begins with \+/],
    ["something behind a deletion", patchOf("*** Delete File: a", "-b"), /Line 3.*nothing follows/],
    ["a hunk that changes nothing", patchOf("*** Update File: a", "@@", " b"), /Line 3.*changes nothing/],
    ["no hunk", patchOf("*** Update File: a"), /Line 2.*not changed/],
    [
      "a line of a hunk with another sign",
      patchOf("*** Update File: a", "@@", "*b"),
      /Line 4.*blank, - or \+/,
    ],
  ])("%s is refused in words", (_what, patch, problem) => {
    expect(parsePatch(patch)).toEqual({ problem: expect.stringMatching(problem) as string });
  });
});

describe("[A-26] hunks", () => {
  test.each<[string, string, string[], string]>([
    ["in the middle", "a\nb\nc\n", [" a", "-b", "+x", "+y", " c"], "a\nx\ny\nc\n"],
    ["into an empty file", "", ["+a", "+b"], "a\nb\n"],
    ["at the end", "a\n", ["+b"], "a\nb\n"],
    ["behind a last line without an end", "a\nb", [" b", "+c"], "a\nb\nc"],
    ["of the last line, which goes", "a\nb", ["-b"], "a\n"],
    ["in a text of CRLF", "a\r\nb\r\n", [" a", "-b", "+c", "+d"], "a\r\nc\r\nd\r\n"],
    ["that quotes without blanks at the end", "a  \nb\n", [" a", "-b", "+c"], "a  \nc\n"],
    ["below an anchor", "f\nx\ng\nx\n", ["@@ g", "-x", "+y"], "f\nx\ng\ny\n"],
    ["whose anchor is quoted again", "f\ng\nx\n", ["@@ g", " g", "-x", "+y"], "f\ng\ny\n"],
    ["added below an anchor", "f\ng\n", ["@@ f", "+y"], "f\ny\ng\n"],
    ["at the file's end", "x\na\nx\n", ["-x", "+y", "*** End of File"], "x\na\ny\n"],
    ["one after another", "a\nb\nc\nd\n", ["@@", "-a", "+A", "@@", "-c", "+C"], "A\nb\nC\nd\n"],
  ])("%s", (_what, text, lines, expected) => {
    expect(applyHunks(text, hunksOf(...lines), text.includes("\r") ? "\r\n" : "\n")).toEqual({
      text: expected,
    });
  });

  test.each<[string, string, string[], RegExp]>([
    ["that do not fit", "a\n", ["-b"], /does not fit/],
    ["in another order", "a\nb\n", ["@@", "-b", "@@", "-a"], /does not fit.*below line 2/],
    ["that fit twice", "x\na\nx\n", ["-x", "+y"], /several places, at the lines 1, 3/],
    ["that fit twice but for blanks, even below an anchor", "f\n x\n  x\n", ["@@ f", "-x"], /several places/],
    ["below an anchor that is not there", "a\n", ["@@ f", "-a"], /no line.*"f"/],
  ])("%s are refused in words", (_what, text, lines, problem) => {
    expect(applyHunks(text, hunksOf(...lines), "\n")).toEqual({
      problem: expect.stringMatching(problem) as string,
    });
  });

  test("are not looked for for ever", () => {
    const lines = Array.from({ length: 3_000 }, () => " a");
    expect(applyHunks("a\n".repeat(30_000), hunksOf(...lines, "-b"), "\n")).toEqual({
      problem: expect.stringMatching(/too long/) as string,
    });
  });
});

const linesOf = (words: string[]) =>
  fc
    .array(fc.constantFrom(...words), { maxLength: 14 })
    .map((lines) => lines.map((line) => `${line}\n`).join(""));

function hunksBetween(before: string, after: string): Hunk[] {
  const { hunks } = structuredPatch("a", "a", before, after, "", "", { context: 2 });
  return hunksOf(...hunks.flatMap(({ lines }) => ["@@", ...lines.filter((line) => !line.startsWith("\\"))]));
}

const words = ["a", "b", "  a", "c {", "}", ""];
test.each<[string, string[], boolean]>([
  ["where lines are alike", words, false],
  ["where each line is its own", Array.from({ length: 400 }, (_, at) => `line ${at}`), true],
])(
  "[A-26] a patch made from two texts gives the second of the first, or is refused, %s",
  (_what, known, mustFit) => {
    let fitted = 0;
    fc.assert(
      fc.property(linesOf(known), linesOf(known), fc.boolean(), (start, end, isCrlf) => {
        fc.pre(
          start !== end && new Set(start.split("\n")).size > (mustFit ? start.split("\n").length - 1 : 0),
        );
        const [before, after] = [start, end].map((each) =>
          isCrlf ? each.replaceAll("\n", "\r\n") : each,
        ) as [string, string];
        const told = applyHunks(before, hunksBetween(start, end), isCrlf ? "\r\n" : "\n");
        if ("problem" in told) expect(mustFit, told.problem).toBe(false);
        else {
          fitted += 1;
          expect(told.text).toBe(after);
        }
      }),
      { numRuns: 200 },
    );
    expect(fitted).toBeGreaterThan(20);
  },
);
