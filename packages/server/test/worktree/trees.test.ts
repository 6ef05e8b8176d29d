import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkApply,
  commitTree,
  deleteRefs,
  diffTrees,
  editTree,
  emptyTree,
  hunksOf,
  isAncestor,
  listRefs,
  mergeTrees,
  parsePatch,
  patchesOf,
  type Place,
  readBlob,
  readEntries,
  readRef,
  runGit,
  updateRef,
  writeBlob,
  writeRaw,
} from "../../src/worktree/git/index.ts";
import { makeRepository, type TestRepository } from "./repository.ts";

/** A tree of these files; a value that starts with `->` is a link, one with `!` an executable. */
async function treeOf(place: Place, files: Record<string, string | Buffer>): Promise<string> {
  const edits = await Promise.all(
    Object.entries(files).map(async ([key, value]) => {
      const text = String(value);
      if (text.startsWith("->"))
        return { key, version: { blob: await writeBlob(place, text.slice(2)), mode: "120000" } };
      return {
        key,
        version: { blob: await writeBlob(place, value), mode: text.startsWith("!") ? "100755" : "100644" },
      };
    }),
  );
  return editTree(place, undefined, edits);
}

async function setUp(): Promise<{ repository: TestRepository; place: Place }> {
  const repository = await makeRepository();
  await repository.write("a", "1\n2\n3\n");
  await repository.commit();
  return { repository, place: await repository.place() };
}

/** The same for many texts, in two runs of git. */
async function treeOfTexts(
  { repository, place }: { repository: TestRepository; place: Place },
  files: Record<string, string>,
): Promise<string> {
  for (const [key, text] of Object.entries(files)) await repository.write(key, text);
  const blobs = await writeRaw(place, Object.keys(files));
  return editTree(
    place,
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
    const { repository, place } = await setUp();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(texts, texts), { minLength: 20, maxLength: 40 }), async (pairs) => {
        const from: Record<string, string> = {};
        const to: Record<string, string> = {};
        pairs.forEach(([before, after], at) => {
          from[`f${at}`] = before;
          to[`f${at}`] = after;
        });
        const old = await treeOfTexts({ repository, place }, from);
        const young = await treeOfTexts({ repository, place }, to);
        const selection = { renames: false };
        const hunks = await hunksOf(place, old, young, selection);
        const patches = await patchesOf(place, old, young, selection);
        const changes = await diffTrees(place, old, young, selection);
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
      { numRuns: 15 },
    );
  });

  test("[W-4] names kinds, renames, binaries, modes and links", async () => {
    const { place } = await setUp();
    const long = "line\n".repeat(30);
    const from = await treeOf(place, {
      gone: "gone\n",
      "old\nname": `${long}x\n`,
      mode: "mode\n",
      text: "1\n2\n",
      bin: Buffer.from([0, 1, 2]),
      became: "file\n",
      "\xff": "odd\n",
    });
    const to = await treeOf(place, {
      "new\tname": `${long}y\n`,
      text: "1\nzwei\n3\n",
      bin: Buffer.from([0, 1, 3]),
      became: "->target",
      added: "a\n",
      "\xff": "odder\n",
    });
    const mode = await editTree(place, to, [
      { key: "mode", version: { blob: await writeBlob(place, "mode\n"), mode: "100755" } },
    ]);
    const changes = await diffTrees(place, from, mode);
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
    const hunks = await hunksOf(place, from, mode);
    expect(hunks.get("new\tname")).toEqual([{ oldStart: 31, oldLines: 1, newStart: 31, newLines: 1 }]);
    expect(hunks.get("text")).toEqual([{ oldStart: 2, oldLines: 1, newStart: 2, newLines: 2 }]);
    expect(hunks.get("\xff")).toEqual([{ oldStart: 1, oldLines: 1, newStart: 1, newLines: 1 }]);
    for (const key of ["bin", "mode", "became"]) expect(hunks.get(key)).toEqual([]);
    const some = await hunksOf(place, from, mode, { keys: ["text", "\xff", "none"] });
    expect([...some.keys()].toSorted()).toEqual(["text", "\xff"]);
    expect((await diffTrees(place, from, mode, { renames: false })).map(({ kind }) => kind)).not.toContain(
      "renamed",
    );
    expect(await diffTrees(place, from, from)).toEqual([]);
  });

  test("[W-6] the user's configuration of diffs has no say", async () => {
    const { repository, place } = await setUp();
    const from = await treeOf(place, { a: "1\n\n2\n", "b.x": "1\n" });
    const to = await treeOf(place, { a: "1\n\n3\n", "b.x": "2\n" });
    const before = await patchesOf(place, from, to);
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
    expect(await patchesOf(place, from, to)).toEqual(before);
  });

  test("[W-6] patches that are too long are left out, and do not hide others", async () => {
    const { place } = await setUp();
    const long = Array.from({ length: 5_000 }, (_, line) => `line ${line}\n`).join("");
    const from = await treeOf(place, { a: "1\n", m: "", z: "1\n" });
    const to = await treeOf(place, { a: "2\n", m: long, z: "2\n" });
    const patches = await patchesOf(place, from, to, { maxBytes: 10_000 });
    expect([...patches].map(([key, { truncated }]) => [key, truncated])).toEqual([
      ["a", false],
      ["m", true],
      ["z", false],
    ]);
    const few = await patchesOf(place, from, to, { maxBytes: 10_000, maxTotalBytes: 300 });
    expect(few.get("m")).toEqual({ truncated: true });
    const alone = await patchesOf(place, from, to, { keys: ["m"], maxBytes: 1_000_000 });
    expect(alone.get("m")?.patch).toContain("+line 4999");
    const many = "x\n\n".repeat(4_002);
    const hunks = await hunksOf(
      place,
      await treeOf(place, { many }),
      await treeOf(place, { many: many.replaceAll("x\n\nx", "x\n\ny") }),
    );
    expect(hunks.get("many")).toEqual([]);
  });
});

describe("edits of trees", () => {
  test("[W-9] replace, add and take out entries, whatever their names, and leave the others", async () => {
    const { place } = await setUp();
    const base = await treeOf(place, { a: "1\n", "d/x": "x\n", "d/y": "y\n", "\xff\n": "odd\n" });
    const version = { blob: await writeBlob(place, "new\n"), mode: "100644" };
    const edited = await editTree(place, base, [
      { key: "a", version },
      { key: "d/x", version: null },
      { key: "\xff\n", version: null },
      { key: "-n\x01", version },
      { key: "not there", version: null },
    ]);
    const entries = await readEntries(place, edited, ["a", "d/x", "d/y", "\xff\n", "-n\x01", "d"]);
    expect([...entries.keys()].toSorted()).toEqual(["-n\x01", "a", "d/y"]);
    expect(String(await readBlob(place, entries.get("a")?.blob ?? ""))).toBe("new\n");
    const swapped = await editTree(place, base, [
      { key: "d", version },
      { key: "a/b", version },
    ]);
    expect([...(await readEntries(place, swapped, ["d", "d/y", "a", "a/b"])).keys()].toSorted()).toEqual([
      "a/b",
      "d",
    ]);
    expect(await editTree(place, base, [])).toBe(base);
    expect(await editTree(place, undefined, [])).toBe(await emptyTree(place));
    expect(await editTree(place, await treeOf(place, { a: "1" }), [{ key: "a", version: null }])).toBe(
      await emptyTree(place),
    );
    const all = Array.from({ length: 100 }, (_, at) => ({ key: `f${at}`, version }));
    const wide = await editTree(place, undefined, all);
    expect(
      (
        await readEntries(
          place,
          wide,
          all.map(({ key }) => key),
        )
      ).size,
    ).toBe(100);
  });

  test("[W-9] work in a repository with SHA-256", async () => {
    const repository = await makeRepository({ format: "sha256" });
    const place = await repository.place();
    const base = await treeOf(place, { a: "1\n", b: "2\n" });
    expect(base).toHaveLength(64);
    const edited = await editTree(place, base, [{ key: "b", version: null }]);
    expect((await diffTrees(place, base, edited)).map(({ key, kind }) => [key, kind])).toEqual([
      ["b", "deleted"],
    ]);
    expect((await hunksOf(place, base, edited)).get("b")).toEqual([
      { oldStart: 1, oldLines: 1, newStart: 0, newLines: 0 },
    ]);
  });
});

describe("merges", () => {
  const lines = (...all: (string | number)[]) => `${all.join("\n")}\n`;

  test("[W-8] both sides' edits come together, and nothing but objects is written", async () => {
    const { repository, place } = await setUp();
    const base = await treeOf(place, { a: lines(1, 2, 3, 4, 5), b: "b\n" });
    const ours = await treeOf(place, { a: lines("user", 2, 3, 4, 5), b: "b\n", mine: "mine\n" });
    const theirs = await treeOf(place, { a: lines(1, 2, 3, 4, "agent"), yours: "yours\n" });
    const merged = await mergeTrees(place, { base, ours, theirs });
    expect(merged).toEqual({
      tree: await treeOf(place, { a: lines("user", 2, 3, 4, "agent"), mine: "mine\n", yours: "yours\n" }),
    });
    expect(await repository.git(["status", "--porcelain"])).toBe("");
    expect(await listRefs(place, "refs/holdfast/")).toEqual([]);
  });

  type ConflictCase = {
    name: string;
    base: Files;
    ours: Files;
    theirs: Files;
    stages: Record<string, string[]>;
  };
  type Files = Record<string, string | Buffer>;
  const conflicts: ConflictCase[] = [
    {
      name: "the same lines",
      base: { a: lines(1, 2) },
      ours: { a: lines(1, "u") },
      theirs: { a: lines(1, "t") },
      stages: { a: ["base", "ours", "theirs"] },
    },
    {
      name: "both added",
      base: {},
      ours: { n: "u\n" },
      theirs: { n: "t\n" },
      stages: { n: ["ours", "theirs"] },
    },
    {
      name: "deleted here, changed there",
      base: { a: lines(1) },
      ours: {},
      theirs: { a: lines(1, 2) },
      stages: { a: ["base", "theirs"] },
    },
    {
      name: "two binaries with an odd name",
      base: { "\xff\n": Buffer.from([0, 1]) },
      ours: { "\xff\n": Buffer.from([0, 2]) },
      theirs: { "\xff\n": Buffer.from([0, 3]) },
      stages: { "\xff\n": ["base", "ours", "theirs"] },
    },
  ];
  for (const { name, base, ours, theirs, stages } of conflicts)
    test(`[W-8] conflicts are told by path and stage: ${name}`, async () => {
      const { place } = await setUp();
      const merged = await mergeTrees(place, {
        base: await treeOf(place, { ...base, keep: "k\n" }),
        ours: await treeOf(place, { ...ours, keep: "k\n" }),
        theirs: await treeOf(place, { ...theirs, keep: "k\n" }),
      });
      if ("tree" in merged) throw new Error("no conflict");
      expect(
        Object.fromEntries(merged.conflicts.map((each) => [each.key, Object.keys(each.stages).toSorted()])),
      ).toEqual(stages);
      for (const { reason } of merged.conflicts) expect(reason).toMatch(/^CONFLICT/);
    });

  test("[W-8] a file against a directory is a conflict too", async () => {
    const { place } = await setUp();
    const base = await treeOf(place, { keep: "k\n" });
    const ours = await treeOf(place, { keep: "k\n", p: "file\n" });
    const theirs = await treeOf(place, { keep: "k\n", "p/x": "inside\n" });
    const merged = await mergeTrees(place, { base, ours, theirs });
    expect("conflicts" in merged && merged.conflicts.length).toBeGreaterThan(0);
  });

  test("[W-8] a file that the user moved takes the agent's edit with it; a moved directory takes no new files", async () => {
    const { place } = await setUp();
    const long = "line\n".repeat(20);
    const base = await treeOf(place, { "old/f": long, "old/g": `${long}g\n` });
    const ours = await treeOf(place, { "new/f": long, "new/g": `${long}g\n` });
    const theirs = await treeOf(place, {
      "old/f": `${long}agent\n`,
      "old/g": `${long}g\n`,
      "old/added": "added\n",
    });
    expect(await mergeTrees(place, { base, ours, theirs })).toEqual({
      tree: await treeOf(place, { "new/f": `${long}agent\n`, "new/g": `${long}g\n`, "old/added": "added\n" }),
    });
  });
});

describe("the check of an apply", () => {
  test("[W-8] looks at the files as they are, not at the index, and writes nothing", async () => {
    const { repository, place } = await setUp();
    const from = await treeOf(place, { a: "1\n2\n3\n" });
    const to = await treeOf(place, { a: "1\nzwei\n3\n", new: "n\n", bin: Buffer.from([0, 1]), l: "->a" });
    expect(await checkApply(place, from, to)).toBeUndefined();
    expect(await checkApply(place, from, from)).toBeUndefined();
    await repository.write("new", "mine\n");
    expect(await checkApply(place, from, to)).toMatch(/new: already exists/);
    await repository.remove("new");
    await repository.write("a", "1\nII\n3\n");
    expect(await checkApply(place, from, to)).toMatch(/patch does not apply/);
    expect(String(await repository.read("a"))).toBe("1\nII\n3\n");
  });

  test("[W-8] works below a root in a repository, with CRLF and odd names", async () => {
    const { repository } = await setUp();
    await repository.git(["config", "core.autocrlf", "true"]);
    await repository.write("pa rt/x", "1\r\n2\r\n");
    await repository.write(Buffer.from("pa rt/\xff\n", "latin1"), "odd\r\n");
    const place = await repository.place(join(repository.path, "pa rt"));
    const from = await treeOf(place, { x: "1\n2\n", "\xff\n": "odd\n" });
    const to = await treeOf(place, { x: "1\nzwei\n", "\xff\n": "odder\n" });
    expect(await checkApply(place, from, to)).toBeUndefined();
    expect(await checkApply(place, to, from)).toMatch(/does not apply/);
  });
});

describe("commits and refs", () => {
  test("[W-9] are made, listed, moved from a known place, and deleted, without reflogs", async () => {
    const { repository, place } = await setUp();
    await repository.git(["config", "core.logAllRefUpdates", "always"]);
    const tree = await treeOf(place, { a: "1\n" });
    const one = await commitTree(place, tree, "one");
    const two = await commitTree(place, tree, "two\n\nwith a body", { parents: [one], time: 1_000_000 });
    const ref = "refs/holdfast/op/opr_x/ours";
    await updateRef(place, ref, one, "0".repeat(40));
    await expect(updateRef(place, ref, two, "0".repeat(40))).rejects.toMatchObject({ name: "GitError" });
    await updateRef(place, ref, two, one);
    await updateRef(place, "refs/holdfast/op/opr_x2", one);
    expect(await readRef(place, ref)).toBe(two);
    expect(await readRef(place, "refs/holdfast/none")).toBeUndefined();
    expect(await listRefs(place, "refs/holdfast/op/opr_x/")).toEqual([{ ref, object: two }]);
    expect((await runGit(place, ["log", "-1", "--format=%ct %s", two])).text).toBe("1000 two");
    expect(await isAncestor(place, one, two)).toBe(true);
    expect(await isAncestor(place, two, one)).toBe(false);
    expect(await isAncestor(place, one)).toBe(false);
    expect(await isAncestor(place, await repository.git(["rev-parse", "HEAD"]))).toBe(true);
    expect(await isAncestor(place, "1".repeat(40))).toBe(false);
    await deleteRefs(place, [ref, "refs/holdfast/op/opr_x2", "refs/holdfast/never"]);
    await deleteRefs(place, [ref]);
    expect(await listRefs(place, "refs/holdfast/")).toEqual([]);
  });
});
