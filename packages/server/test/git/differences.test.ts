import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { amount } from "../../../../test/harness/sample.ts";
import {
  diffTrees,
  editTree,
  hunksOf,
  parsePatch,
  patchesOf,
  type Checkout,
  writeBlob,
  writeRaw,
} from "../../src/git/index.ts";
import { makeRepository, type TestRepository } from "./repository.ts";
import { treeOf } from "./tree-of.ts";

async function setUp(): Promise<{ repository: TestRepository; checkout: Checkout }> {
  const repository = await makeRepository();
  await repository.write("a", "1\n2\n3\n");
  await repository.commit();
  return { repository, checkout: await repository.checkout() };
}

/** The same for many texts, in two runs of git. */
async function treeOfTexts(
  { repository, checkout }: { repository: TestRepository; checkout: Checkout },
  files: Record<string, string>,
): Promise<string> {
  for (const [key, text] of Object.entries(files)) await repository.write(key, text);
  const blobs = await writeRaw(checkout, Object.keys(files));
  return editTree(
    checkout,
    undefined,
    [...blobs].map(([key, blob]) => ({ key, version: { blob, mode: "100644" } })),
  );
}

/** Lines with their ends; the last may have none. */
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** What the hunks of a patch make of a text. */
function applied(before: string, patch: string): string {
  const old = linesOf(before);
  const result: string[] = [];
  let at = 0;
  for (const hunk of parsePatch(patch).flatMap(({ hunks }) => hunks)) {
    const start = hunk.oldLines === 0 ? hunk.oldStart : hunk.oldStart - 1;
    result.push(...old.slice(at, start));
    at = start + hunk.oldLines;
    const made: string[] = [];
    let last = "";
    for (const line of hunk.lines) {
      if (line.startsWith("\\")) {
        if (last !== "-") made.push((made.pop() ?? "").slice(0, -1));
      } else {
        last = line[0] ?? "";
        if (last !== "-") made.push(`${line.slice(1)}\n`);
      }
    }
    result.push(...made);
  }
  return [...result, ...old.slice(at)].join("");
}

/** Texts that git takes for texts, with lines that look like parts of patches. */
const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "",
        " ",
        "-",
        "+",
        "\\ No newline at end of file",
        "@@ -1 +1 @@",
        "diff --git a/x b/x",
        "--- a/x",
      ),
      fc.constantFrom("one", "two", "two\r", "three", "{", "}", "ünï\u0001"),
    ),
    { maxLength: 14 },
  )
  .chain((lines) => fc.boolean().map((ends) => lines.join("\n") + (ends && lines.length > 0 ? "\n" : "")));

describe("differences of trees", () => {
  test("[W-6] hunks and patches, applied to the old text, make the new one", async () => {
    const { repository, checkout } = await setUp();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(texts, texts), { minLength: 20, maxLength: 40 }), async (pairs) => {
        const from: Record<string, string> = {};
        const to: Record<string, string> = {};
        pairs.forEach(([before, after], at) => {
          from[`f${at}`] = before;
          to[`f${at}`] = after;
        });
        const old = await treeOfTexts({ repository, checkout }, from);
        const next = await treeOfTexts({ repository, checkout }, to);
        const selection = { renames: false };
        const hunks = await hunksOf(checkout, old, next, selection);
        const patches = await patchesOf(checkout, old, next, selection);
        const changes = await diffTrees(checkout, old, next, selection);
        expect([...hunks.keys()].toSorted()).toEqual(changes.map(({ key }) => key).toSorted());
        pairs.forEach(([before, after], at) => {
          const key = `f${at}`;
          if (before === after) return expect(hunks.has(key)).toBe(false);
          expect(applied(before, patches.get(key)?.patch ?? "")).toBe(after);
          // The lines between two hunks are the same on both sides.
          const [one, other] = [linesOf(before), linesOf(after)];
          let shift = 0;
          let at1 = 0;
          for (const { oldStart, oldLines, newStart, newLines } of hunks.get(key) ?? []) {
            const start = oldLines === 0 ? oldStart : oldStart - 1;
            expect(newLines === 0 ? newStart : newStart - 1).toBe(start + shift);
            expect(other.slice(at1 + shift, start + shift)).toEqual(one.slice(at1, start));
            at1 = start + oldLines;
            shift += newLines - oldLines;
          }
          expect(other.slice(at1 + shift)).toEqual(one.slice(at1));
          const change = changes.find((each) => each.key === key);
          const sum = (side: "oldLines" | "newLines") =>
            (hunks.get(key) ?? []).reduce((total, hunk) => total + hunk[side], 0);
          expect([change?.deletions, change?.additions]).toEqual([sum("oldLines"), sum("newLines")]);
        });
      }),
      { numRuns: amount(5, 15) },
    );
  });

  test("[W-4] names kinds, renames, binaries, modes and links", async () => {
    const { checkout } = await setUp();
    const long = "line\n".repeat(30);
    const from = await treeOf(checkout, {
      gone: "gone\n",
      "old\nname": `${long}x\n`,
      mode: "mode\n",
      text: "1\n2\n",
      bin: Buffer.from([0, 1, 2]),
      became: "file\n",
      "\xff": "odd\n",
    });
    const to = await treeOf(checkout, {
      "new\tname": `${long}y\n`,
      text: "1\nzwei\n3\n",
      bin: Buffer.from([0, 1, 3]),
      became: "->target",
      added: "a\n",
      "\xff": "odder\n",
    });
    const mode = await editTree(checkout, to, [
      { key: "mode", version: { blob: await writeBlob(checkout, "mode\n"), mode: "100755" } },
    ]);
    const changes = await diffTrees(checkout, from, mode);
    const shown = changes.map(({ key, oldKey, kind, binary, additions, deletions }) =>
      [key, oldKey ?? "", kind, binary ? "binary" : `+${additions}-${deletions}`].join("|"),
    );
    expect(shown.toSorted()).toEqual(
      [
        "added||added|+1-0",
        "became||modified|+1-1",
        "bin||modified|binary",
        "gone||deleted|+0-1",
        "mode||mode|+0-0",
        "new\tname|old\nname|renamed|+1-1",
        "text||modified|+2-1",
        "\xff||modified|+1-1",
      ].toSorted(),
    );
    const hunks = await hunksOf(checkout, from, mode);
    expect(hunks.get("new\tname")).toEqual([{ oldStart: 31, oldLines: 1, newStart: 31, newLines: 1 }]);
    expect(hunks.get("text")).toEqual([{ oldStart: 2, oldLines: 1, newStart: 2, newLines: 2 }]);
    expect(hunks.get("\xff")).toEqual([{ oldStart: 1, oldLines: 1, newStart: 1, newLines: 1 }]);
    for (const key of ["bin", "mode", "became"]) expect(hunks.get(key)).toEqual([]);
    const some = await hunksOf(checkout, from, mode, { keys: ["text", "\xff", "none"] });
    expect([...some.keys()].toSorted()).toEqual(["text", "\xff"]);
    expect((await diffTrees(checkout, from, mode, { renames: false })).map(({ kind }) => kind)).not.toContain(
      "renamed",
    );
    expect(await diffTrees(checkout, from, from)).toEqual([]);
  });

  test("[W-6] the user's configuration of diffs has no say", async () => {
    const { repository, checkout } = await setUp();
    const from = await treeOf(checkout, { a: "1\n\n2\n", "b.x": "1\n" });
    const to = await treeOf(checkout, { a: "1\n\n3\n", "b.x": "2\n" });
    const before = await patchesOf(checkout, from, to);
    for (const [name, value] of [
      ["diff.noprefix", "true"],
      ["diff.mnemonicPrefix", "true"],
      ["diff.external", "echo external"],
      ["diff.suppressBlankEmpty", "true"],
      ["diff.algorithm", "patience"],
      ["color.ui", "always"],
      ["diff.x.textconv", "echo converted"],
      ["core.pager", "false"],
      ["diff.context", "0"],
    ] as const)
      await repository.git(["config", name, value]);
    await repository.write(".gitattributes", "*.x diff=x\n");
    expect(await patchesOf(checkout, from, to)).toEqual(before);
  });

  test("[W-6] patches that are too long are left out, and do not hide others", async () => {
    const { checkout } = await setUp();
    const long = Array.from({ length: 5_000 }, (_, line) => `line ${line}\n`).join("");
    const from = await treeOf(checkout, { a: "1\n", m: "", z: "1\n" });
    const to = await treeOf(checkout, { a: "2\n", m: long, z: "2\n" });
    const patches = await patchesOf(checkout, from, to, { maxBytes: 10_000 });
    expect([...patches].map(([key, { truncated }]) => [key, truncated])).toEqual([
      ["a", false],
      ["m", true],
      ["z", false],
    ]);
    const few = await patchesOf(checkout, from, to, { maxBytes: 10_000, maxTotalBytes: 300 });
    expect(few.get("m")).toEqual({ truncated: true });
    const alone = await patchesOf(checkout, from, to, { keys: ["m"], maxBytes: 1_000_000 });
    expect(alone.get("m")?.patch).toContain("+line 4999");
    const many = "x\n\n".repeat(4_002);
    const hunks = await hunksOf(
      checkout,
      await treeOf(checkout, { many }),
      await treeOf(checkout, { many: many.replaceAll("x\n\nx", "x\n\ny") }),
    );
    expect(hunks.get("many")).toEqual([]);
  });
});
