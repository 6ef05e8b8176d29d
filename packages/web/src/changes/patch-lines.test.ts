import { describe, expect, test } from "vitest";
import { changeOf, hunk } from "./fixture.ts";
import { blocksOf, languageOf, rangeOf } from "./patch-lines.ts";

const PATCH = `diff --git a/a.ts b/a.ts
index 1..2 100644
--- a/a.ts
+++ b/a.ts
@@ -1,7 +1,8 @@
 one
-two
+TWO
+and more
 three
 four
 five
-six
+SIX
 seven
@@ -20,2 +21,1 @@ function x() {
 twenty
-last
\\ No newline at end of file
`;

const A = hunk("a", [2, 1, 2, 2]);
const B = hunk("b", [6, 1, 7, 1]);
const C = hunk("c", [21, 1, 21, 0]);

const said = (blocks: ReturnType<typeof blocksOf>) =>
  blocks.map(({ hunk: of, gap, lines }) => ({
    of: of?.id,
    gap,
    lines: lines.map(({ kind, text, old, new: now }) => `${kind[0]} ${old ?? ""}/${now ?? ""} ${text}`),
  }));

describe("blocks of a patch", () => {
  test("[W-6] each hunk has its lines and what follows them, with the numbers of both sides", () => {
    expect(said(blocksOf(PATCH, [A, B, C]))).toEqual([
      {
        of: "a",
        gap: 0,
        lines: [
          "s 1/1 one",
          "r 2/ two",
          "a /2 TWO",
          "a /3 and more",
          "s 3/4 three",
          "s 4/5 four",
          "s 5/6 five",
        ],
      },
      { of: "b", gap: 0, lines: ["r 6/ six", "a /7 SIX", "s 7/8 seven"] },
      { of: "c", gap: 12, lines: ["s 20/21 twenty", "r 21/ last"] },
    ]);
    expect(blocksOf(PATCH, [A, B, C]).at(-1)?.lines.at(-1)?.isUnended).toBe(true);
  });

  test("[W-6] lines that no named hunk accounts for are shown all the same", () => {
    expect(said(blocksOf(PATCH, [B])).map(({ of, lines }) => [of, lines.length])).toEqual([
      [undefined, 7],
      ["b", 3],
      [undefined, 2],
    ]);
    expect(blocksOf("", [])).toEqual([]);
    expect(blocksOf("Binary files a/x and b/x differ\n", [])).toEqual([]);
  });

  test("[W-6] a file that became a link has two patches, and their heads are no lines", () => {
    const patch = [
      "diff --git a/x b/x",
      "deleted file mode 100644",
      "index 1..0",
      "--- a/x",
      "+++ /dev/null",
      "@@ -1 +0,0 @@",
      "--- was -- here",
      "diff --git a/x b/x",
      "new file mode 120000",
      "index 0..1",
      "--- /dev/null",
      "+++ b/x",
      "@@ -0,0 +1 @@",
      "+target",
      "\\ No newline at end of file",
      "",
    ].join("\n");
    const hunks = [hunk("d", [1, 1, 0, 0]), hunk("n", [0, 0, 1, 1])];
    expect(said(blocksOf(patch, hunks))).toEqual([
      { of: "d", gap: 0, lines: ["r 1/ -- was -- here"] },
      { of: "n", gap: 0, lines: ["a /1 target"] },
    ]);
  });

  test.each([
    ["ends within a hunk", "@@ -1,2 +1,2 @@\n-a\n"],
    ["has other lines than its head says", "@@ -1 +1 @@\n-a\n+b\n+c\n"],
  ])("[W-6] a patch that %s is shown as it is", (_, patch) => {
    expect(said(blocksOf(patch, [A])).map(({ of, lines }) => [of, ...lines])).toEqual([
      [
        undefined,
        ...patch
          .trimEnd()
          .split("\n")
          .map((line) => `s / ${line}`),
      ],
    ]);
  });

  test("[W-6] of a new file and of a deleted one the lines count from 1", () => {
    const added = blocksOf("@@ -0,0 +1,2 @@\n+x\n+y\n", [hunk("n", [0, 0, 1, 2])]);
    expect(said(added)).toEqual([{ of: "n", gap: 0, lines: ["a /1 x", "a /2 y"] }]);
    const deleted = blocksOf("@@ -1,2 +0,0 @@\n-x\n-y\n", [hunk("d", [1, 2, 0, 0])]);
    expect(said(deleted)).toEqual([{ of: "d", gap: 0, lines: ["r 1/ x", "r 2/ y"] }]);
  });
});

test("[W-6] a hunk is named by its lines", () => {
  expect([A, B, C].map(rangeOf)).toEqual(["lines 2–3", "line 7", "deleted line 21"]);
});

test("[I-15] the language is that of the file's name", () => {
  const names = ["src/a.ts", "b/Dockerfile", "x.PY", "Makefile", "none", "a.unknown"];
  expect(names.map((path) => languageOf(changeOf("a", { path })))).toEqual([
    "typescript",
    "docker",
    "python",
    "make",
    "",
    "",
  ]);
});
