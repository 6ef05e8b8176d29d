import { describe, expect, test } from "vitest";
import {
  commitTree,
  deleteRefs,
  diffTrees,
  editTree,
  emptyTree,
  hunksOf,
  isAncestor,
  listRefs,
  type Checkout,
  readBlob,
  readEntries,
  readRef,
  runGit,
  updateRef,
  writeBlob,
} from "../../src/git/index.ts";
import { makeRepository, type TestRepository } from "./repository.ts";
import { treeOf } from "./tree-of.ts";

async function setUp(): Promise<{ repository: TestRepository; checkout: Checkout }> {
  const repository = await makeRepository();
  await repository.write("a", "1\n2\n3\n");
  await repository.commit();
  return { repository, checkout: await repository.checkout() };
}

describe("edits of trees", () => {
  test("[W-9] replace, add and take out entries, whatever their names, and leave the others", async () => {
    const { checkout } = await setUp();
    const base = await treeOf(checkout, { a: "1\n", "d/x": "x\n", "d/y": "y\n", "\xff\n": "odd\n" });
    const version = { blob: await writeBlob(checkout, "new\n"), mode: "100644" };
    const edited = await editTree(checkout, base, [
      { key: "a", version },
      { key: "d/x", version: null },
      { key: "\xff\n", version: null },
      { key: "-n\x01", version },
      { key: "not there", version: null },
    ]);
    const entries = await readEntries(checkout, edited, ["a", "d/x", "d/y", "\xff\n", "-n\x01", "d"]);
    expect([...entries.keys()].toSorted()).toEqual(["-n\x01", "a", "d/y"]);
    expect(String(await readBlob(checkout, entries.get("a")?.blob ?? ""))).toBe("new\n");
    const swapped = await editTree(checkout, base, [
      { key: "d", version },
      { key: "a/b", version },
    ]);
    expect([...(await readEntries(checkout, swapped, ["d", "d/y", "a", "a/b"])).keys()].toSorted()).toEqual([
      "a/b",
      "d",
    ]);
    expect(await editTree(checkout, base, [])).toBe(base);
    expect(await editTree(checkout, undefined, [])).toBe(await emptyTree(checkout));
    expect(await editTree(checkout, await treeOf(checkout, { a: "1" }), [{ key: "a", version: null }])).toBe(
      await emptyTree(checkout),
    );
    const all = Array.from({ length: 100 }, (_, at) => ({ key: `f${at}`, version }));
    const wide = await editTree(checkout, undefined, all);
    expect(
      (
        await readEntries(
          checkout,
          wide,
          all.map(({ key }) => key),
        )
      ).size,
    ).toBe(100);
  });

  test("[W-9] work in a repository with SHA-256", async () => {
    const repository = await makeRepository({ format: "sha256" });
    const checkout = await repository.checkout();
    const base = await treeOf(checkout, { a: "1\n", b: "2\n" });
    expect(base).toHaveLength(64);
    const edited = await editTree(checkout, base, [{ key: "b", version: null }]);
    expect((await diffTrees(checkout, base, edited)).map(({ key, kind }) => [key, kind])).toEqual([
      ["b", "deleted"],
    ]);
    expect((await hunksOf(checkout, base, edited)).get("b")).toEqual([
      { oldStart: 1, oldLines: 1, newStart: 0, newLines: 0 },
    ]);
  });
});

describe("commits and refs", () => {
  test("[W-9] are made, listed, moved from a known place, and deleted, without reflogs", async () => {
    const { repository, checkout } = await setUp();
    await repository.git(["config", "core.logAllRefUpdates", "always"]);
    const tree = await treeOf(checkout, { a: "1\n" });
    const one = await commitTree(checkout, tree, "one");
    const two = await commitTree(checkout, tree, "two\n\nwith a body", { parents: [one], time: 1_000_000 });
    const ref = "refs/holdfast/op/opr_x/ours";
    await updateRef(checkout, ref, one, "0".repeat(40));
    await expect(updateRef(checkout, ref, two, "0".repeat(40))).rejects.toMatchObject({ name: "GitError" });
    await updateRef(checkout, ref, two, one);
    await updateRef(checkout, "refs/holdfast/op/opr_x2", one);
    expect(await readRef(checkout, ref)).toBe(two);
    expect(await readRef(checkout, "refs/holdfast/none")).toBeUndefined();
    expect(await listRefs(checkout, "refs/holdfast/op/opr_x/")).toEqual([{ ref, object: two }]);
    expect((await runGit(checkout, ["log", "-1", "--format=%ct %s", two])).text).toBe("1000 two");
    expect(await isAncestor(checkout, one, two)).toBe(true);
    expect(await isAncestor(checkout, two, one)).toBe(false);
    expect(await isAncestor(checkout, one)).toBe(false);
    expect(await isAncestor(checkout, await repository.git(["rev-parse", "HEAD"]))).toBe(true);
    expect(await isAncestor(checkout, "1".repeat(40))).toBe(false);
    await deleteRefs(checkout, [ref, "refs/holdfast/op/opr_x2", "refs/holdfast/never"]);
    await deleteRefs(checkout, [ref]);
    expect(await listRefs(checkout, "refs/holdfast/")).toEqual([]);
  });
});
