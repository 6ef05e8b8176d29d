import { expect, test } from "vitest";
import { visiblePatch } from "./visible-patch.ts";

const PATCH = `diff --git a/a.txt b/a.txt
index 1111111..2222222 100644
--- a/a.txt
+++ b/a.txt
@@ -1,9 +1,10 @@ function secret() {
 one
-two
+TWO of ours
 three
 four
 five
-six
+SIX of others
+and more of others
 seven
 eight
 nine
@@ -20,2 +21,3 @@
 twenty
+ours too
 end
\\ No newline at end of file
`;
const OURS = { oldStart: 2, oldLines: 1, newStart: 2, newLines: 1 };
const LAST = { oldStart: 20, oldLines: 0, newStart: 22, newLines: 1 };

test("[S-34] a patch shows the hunks of the session and nothing of others'", () => {
  expect(visiblePatch(PATCH, [OURS, LAST])).toBe(`@@ -1,5 +1,5 @@
 one
-two
+TWO of ours
 three
 four
 five
@@ -20,2 +21,3 @@
 twenty
+ours too
 end
\\ No newline at end of file
`);
});

test("[S-34] a region that is ours in part is not shown", () => {
  const half = { oldStart: 6, oldLines: 1, newStart: 6, newLines: 1 };
  expect(visiblePatch(PATCH, [half])).toBe("");
});

test("[S-17] of a whole patch the head stays here, and the line of the file that git writes behind the place", () => {
  const shown = visiblePatch(PATCH, undefined);
  expect(shown).toContain("SIX of others");
  expect(shown).not.toMatch(/index|secret\(\)/);
  expect(shown.startsWith("@@ -1,9 +1,10 @@\n one\n")).toBe(true);
});

test("[S-34] a new file, a file that is gone and one without its last line end are shown as they are", () => {
  const added =
    "diff --git a/n b/n\nnew file mode 100644\n--- /dev/null\n+++ b/n\n@@ -0,0 +1,2 @@\n+x\n+y\n\\ No newline at end of file\n";
  const all = { oldStart: 0, oldLines: 0, newStart: 1, newLines: 2 };
  const hunk = "@@ -0,0 +1,2 @@\n+x\n+y\n\\ No newline at end of file\n";
  expect(visiblePatch(added, [all])).toBe(hunk);
  const deleted =
    "diff --git a/n b/n\ndeleted file mode 100644\n--- a/n\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-x\n-y\n";
  expect(visiblePatch(deleted, [{ oldStart: 1, oldLines: 2, newStart: 0, newLines: 0 }])).toBe(
    "@@ -1,2 +0,0 @@\n-x\n-y\n",
  );
});
