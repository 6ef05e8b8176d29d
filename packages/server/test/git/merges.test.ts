import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkApply, listRefs, mergeTrees, type Checkout } from "../../src/git/index.ts";
import { makeRepository, type TestRepository } from "./repository.ts";
import { treeOf } from "./tree-of.ts";

async function setUp(): Promise<{ repository: TestRepository; checkout: Checkout }> {
  const repository = await makeRepository();
  await repository.write("a", "1\n2\n3\n");
  await repository.commit();
  return { repository, checkout: await repository.checkout() };
}

describe("merges", () => {
  const lines = (...all: (string | number)[]) => `${all.join("\n")}\n`;

  test("[W-8] both sides' edits come together, and nothing but objects is written", async () => {
    const { repository, checkout } = await setUp();
    const base = await treeOf(checkout, { a: lines(1, 2, 3, 4, 5), b: "b\n" });
    const ours = await treeOf(checkout, { a: lines("user", 2, 3, 4, 5), b: "b\n", mine: "mine\n" });
    const theirs = await treeOf(checkout, { a: lines(1, 2, 3, 4, "agent"), yours: "yours\n" });
    const merged = await mergeTrees(checkout, { base, ours, theirs });
    expect(merged).toEqual({
      tree: await treeOf(checkout, { a: lines("user", 2, 3, 4, "agent"), mine: "mine\n", yours: "yours\n" }),
    });
    expect(await repository.git(["status", "--porcelain"])).toBe("");
    expect(await listRefs(checkout, "refs/holdfast/")).toEqual([]);
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
      const { checkout } = await setUp();
      const merged = await mergeTrees(checkout, {
        base: await treeOf(checkout, { ...base, keep: "k\n" }),
        ours: await treeOf(checkout, { ...ours, keep: "k\n" }),
        theirs: await treeOf(checkout, { ...theirs, keep: "k\n" }),
      });
      if ("tree" in merged) throw new Error("no conflict");
      expect(
        Object.fromEntries(merged.conflicts.map((each) => [each.key, Object.keys(each.stages).toSorted()])),
      ).toEqual(stages);
      for (const { reason } of merged.conflicts) expect(reason).toMatch(/^CONFLICT/);
    });

  test("[W-8] a file against a directory is a conflict too", async () => {
    const { checkout } = await setUp();
    const base = await treeOf(checkout, { keep: "k\n" });
    const ours = await treeOf(checkout, { keep: "k\n", p: "file\n" });
    const theirs = await treeOf(checkout, { keep: "k\n", "p/x": "inside\n" });
    const merged = await mergeTrees(checkout, { base, ours, theirs });
    expect("conflicts" in merged && merged.conflicts.length).toBeGreaterThan(0);
  });

  test("[W-8] a file that the user moved takes the agent's edit with it; a moved directory takes no new files", async () => {
    const { checkout } = await setUp();
    const long = "line\n".repeat(20);
    const base = await treeOf(checkout, { "old/f": long, "old/g": `${long}g\n` });
    const ours = await treeOf(checkout, { "new/f": long, "new/g": `${long}g\n` });
    const theirs = await treeOf(checkout, {
      "old/f": `${long}agent\n`,
      "old/g": `${long}g\n`,
      "old/added": "added\n",
    });
    expect(await mergeTrees(checkout, { base, ours, theirs })).toEqual({
      tree: await treeOf(checkout, {
        "new/f": `${long}agent\n`,
        "new/g": `${long}g\n`,
        "old/added": "added\n",
      }),
    });
  });
});

describe("the check of an apply", () => {
  test("[W-8] looks at the files as they are, not at the index, and writes nothing", async () => {
    const { repository, checkout } = await setUp();
    const from = await treeOf(checkout, { a: "1\n2\n3\n" });
    const to = await treeOf(checkout, { a: "1\nzwei\n3\n", new: "n\n", bin: Buffer.from([0, 1]), l: "->a" });
    expect(await checkApply(checkout, from, to)).toBeUndefined();
    expect(await checkApply(checkout, from, from)).toBeUndefined();
    await repository.write("new", "mine\n");
    expect(await checkApply(checkout, from, to)).toMatch(/new: already exists/);
    await repository.remove("new");
    await repository.write("a", "1\nII\n3\n");
    expect(await checkApply(checkout, from, to)).toMatch(/patch does not apply/);
    expect(String(await repository.read("a"))).toBe("1\nII\n3\n");
  });

  test("[W-8] works below a root in a repository, with CRLF and odd names", async () => {
    const { repository } = await setUp();
    await repository.git(["config", "core.autocrlf", "true"]);
    await repository.write("pa rt/x", "1\r\n2\r\n");
    await repository.write(Buffer.from("pa rt/\xff\n", "latin1"), "odd\r\n");
    const checkout = await repository.checkout(join(repository.path, "pa rt"));
    const from = await treeOf(checkout, { x: "1\n2\n", "\xff\n": "odd\n" });
    const to = await treeOf(checkout, { x: "1\nzwei\n", "\xff\n": "odder\n" });
    expect(await checkApply(checkout, from, to)).toBeUndefined();
    expect(await checkApply(checkout, to, from)).toMatch(/does not apply/);
  });
});
