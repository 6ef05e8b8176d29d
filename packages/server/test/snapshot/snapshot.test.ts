import { mkdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sampleOf, isWhole } from "../../../../test/harness/sample.ts";
import { readBlob, readEntries } from "../../src/git/index.ts";
import type { Snapshot } from "../../src/snapshot/index.ts";
import { makeRepository, type TestRepository } from "../git/repository.ts";
import { CASES, type Held } from "./snapshot-cases.ts";

const REF = "refs/holdfast/snap/ses_test/trn_test/before";

async function take(repository: TestRepository, root?: string): Promise<Snapshot> {
  return repository.snapshots.take(await repository.watch(root), REF);
}

/** The snapshot's files; a mode other than 100644 stands before the content. */
async function held(repository: TestRepository, { tree }: Snapshot): Promise<Held> {
  const checkout = (await repository.watch()).checkout;
  const all: Held = {};
  for (const [path, { mode, blob }] of await repository.tree(tree)) {
    const content = mode === "160000" ? "" : String(await readBlob(checkout, blob));
    all[path] = mode === "100644" ? content : `${mode} ${content}`;
  }
  return all;
}

describe("a snapshot", () => {
  for (const { name, make, holds, gone = [], uncaptured = {} } of sampleOf(CASES, 8))
    test(`[W-3] ${name}`, async () => {
      const repository = await makeRepository();
      await repository.write("a", "a\n");
      await repository.write("dir/b", "b\n");
      await repository.write("x", "x\n", 0o755);
      const base: Held = { a: "a\n", "dir/b": "b\n", x: "100755 x\n" };
      await repository.commit();
      await make(repository);
      const snapshot = await take(repository);
      const found = await held(repository, snapshot);
      const replaced = Object.keys(base).filter((path) =>
        Object.keys(holds).some((other) => other.startsWith(`${path}/`) || path.startsWith(`${other}/`)),
      );
      const expected = { ...base, ...holds };
      for (const path of [...gone, ...replaced]) delete expected[path];
      expect(found).toEqual(expected);
      const named = Object.fromEntries(snapshot.uncaptured.map(({ path, reason }) => [path, reason]));
      expect(named).toEqual(uncaptured);
      expect(await repository.git(["rev-parse", REF])).toBe(snapshot.commit);
    });

  test("[W-3] is a commit of its own author, unsigned, with what it could not hold beside it", async () => {
    const repository = await makeRepository();
    await repository.write(".gitignore", "secret\n");
    await repository.write("secret", "s");
    const head = await repository.commit();
    const snapshot = await take(repository);
    expect(snapshot.head).toEqual({ commit: head, branch: "refs/heads/main" });
    const shown = await repository.git(["log", "-1", "--format=%an <%ae>%n%cn <%ce>%n%G?", REF]);
    expect(shown).toBe("Holdfast <holdfast@localhost>\nHoldfast <holdfast@localhost>\nN");
    const manifest = await repository.snapshots.manifest(
      (await repository.watch()).checkout,
      snapshot.commit,
    );
    expect(manifest).toMatchObject({
      uncaptured: [{ path: "secret", reason: "ignored" }],
      uncapturedCount: 1,
    });
    expect(await repository.git(["log", "--format=%H", "--all", "--", "secret"])).toBe("");
  });

  test("[W-3] names what appears where git sees no change", async () => {
    const repository = await makeRepository();
    const head = await repository.commit();
    await repository.git(["update-index", "--add", "--cacheinfo", `160000,${head},unfilled`]);
    await mkdir(join(repository.path, "unfilled"));
    const first = await take(repository);
    expect(first.uncaptured).toEqual([]);
    // The same snapshot again: nothing was looked into anew.
    expect((await take(repository)).commit).toBe(first.commit);
    await repository.write("unfilled/work", "an hour\n");
    expect((await take(repository)).uncaptured).toEqual([{ path: "unfilled/work", reason: "submodule" }]);
  });

  test("[W-3] names 200 paths and counts the rest", async () => {
    const repository = await makeRepository();
    await repository.write(".gitignore", "*.o\n");
    for (let at = 0; at < 230; at += 1) await repository.write(`f${at}.o`, "");
    const snapshot = await take(repository);
    expect(snapshot.uncaptured).toHaveLength(200);
    expect(snapshot.uncapturedCount).toBe(230);
  });

  test.runIf(isWhole)("[W-3] of a repository without commits, and of one with SHA-256", async () => {
    for (const format of ["sha1", "sha256"]) {
      const repository = await makeRepository({ format });
      await repository.write("a", "a\n");
      const first = await take(repository);
      expect(await held(repository, first)).toEqual({ a: "a\n" });
      expect(first.head).toBeUndefined();
      await repository.commit();
      await repository.remove("a");
      await repository.write("a/b", "b\n");
      expect(await held(repository, await take(repository))).toEqual({ "a/b": "b\n" });
      await repository.remove("a");
      expect(await held(repository, await take(repository))).toEqual({});
    }
  });

  test("[W-3] of a subdirectory holds that alone, even while the rest has conflicts", async () => {
    const repository = await makeRepository();
    await repository.write("a", "a\n");
    await repository.write("part/p", "p\n");
    await repository.commit();
    await repository.git(["checkout", "--quiet", "-b", "other"]);
    await repository.write("a", "theirs\n");
    await repository.commit();
    await repository.git(["checkout", "--quiet", "main"]);
    await repository.write("a", "ours\n");
    await repository.commit();
    await expect(repository.git(["merge", "other"])).rejects.toThrow("merge other");
    await repository.write("part/new", "new\n");
    await repository.write("outside", "not mine\n");
    const part = join(repository.path, "part");
    expect(await held(repository, await take(repository, part))).toEqual({ p: "p\n", new: "new\n" });
    await repository.remove("part/p");
    await repository.remove("part/new");
    expect(await held(repository, await take(repository, part))).toEqual({});
  });

  test("[W-3] of a linked worktree keeps its refs where the main checkout sees them", async () => {
    const repository = await makeRepository();
    await repository.write("a", "a\n");
    await repository.commit();
    const linked = join(repository.base, "linked");
    await repository.git(["worktree", "add", "--quiet", "--no-track", "-b", "side", linked]);
    await writeFile(join(linked, "a"), "changed\n");
    const snapshot = await take(repository, linked);
    expect(await held(repository, snapshot)).toEqual({ a: "changed\n" });
    expect(snapshot.head?.branch).toBe("refs/heads/side");
    expect(await repository.git(["rev-parse", REF])).toBe(snapshot.commit);
  });

  test.runIf(isWhole)("[W-3] of a submodule's checkout, and what its parent can hold of it", async () => {
    const repository = await makeRepository();
    const other = join(repository.base, "other");
    await mkdir(other);
    await repository.git(["init", "--quiet"], other);
    await writeFile(join(other, "s"), "s\n");
    await repository.git(["add", "-A"], other);
    await repository.git(["commit", "--quiet", "-m", "s"], other);
    await repository.git(["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", other, "sub"]);
    await repository.commit();
    const sub = join(repository.path, "sub");
    const before = await repository.git(["rev-parse", "HEAD"], sub);
    await writeFile(join(sub, "s"), "dirty\n");
    const dirty = await take(repository);
    expect(dirty.uncaptured).toEqual([{ path: "sub", reason: "submodule" }]);
    expect((await repository.tree(dirty.tree)).get("sub")).toEqual({ mode: "160000", blob: before });
    await repository.git(["commit", "--quiet", "-am", "moved"], sub);
    const moved = await take(repository);
    expect(moved.uncaptured).toEqual([]);
    expect((await repository.tree(moved.tree)).get("sub")?.blob).toBe(
      await repository.git(["rev-parse", "HEAD"], sub),
    );
    const inside = await take(repository, sub);
    const { checkout } = await repository.watch(sub);
    expect([...(await readEntries(checkout, inside.tree, ["s"])).keys()]).toEqual(["s"]);
  });

  test("[W-3] two at once, beside a git add, disturb nobody", async () => {
    const repository = await makeRepository();
    for (let at = 0; at < 50; at += 1) await repository.write(`f${at}`, `${at}\n`);
    await repository.commit();
    await repository.write("f1", "changed\n");
    await repository.write("new", "new\n");
    const watched = await repository.watch();
    const [one, other] = await Promise.all([
      repository.snapshots.take(watched, `${REF}1`),
      repository.snapshots.take(watched, `${REF}2`),
      repository.git(["add", "-A"]),
    ]);
    expect(one.tree).toBe(other.tree);
    expect(await repository.git(["write-tree"])).toBe(one.tree);
  });

  test("[W-3] does not wait for the lock of the user's index", async () => {
    const repository = await makeRepository();
    await repository.write("a", "a\n");
    await repository.commit();
    await writeFile(join(repository.path, ".git", "index.lock"), "");
    await repository.write("a", "changed\n");
    expect(await held(repository, await take(repository))).toEqual({ a: "changed\n" });
  });

  test("[W-3] runs none of the repository's hooks", async () => {
    const repository = await makeRepository();
    const flag = join(repository.base, "hooked");
    for (const hook of ["reference-transaction", "post-index-change", "pre-commit", "post-commit"])
      await repository.write(`.git/hooks/${hook}`, `#!/bin/sh\necho ${hook} >> ${flag}\n`, 0o755);
    await repository.write("a", "a\n");
    await repository.settle();
    await take(repository);
    await expect(stat(flag)).rejects.toThrow("ENOENT");
  });

  test("[W-3] leaves nothing but objects and its ref, and holds nothing of the program's own", async () => {
    const repository = await makeRepository();
    await repository.write("a", "a\n");
    await mkdir(join(repository.path, "own"));
    await symlink(repository.path, join(repository.base, "way"));
    const own = repository.under(join(repository.path, "own"));
    await writeFile(join(repository.path, "own", "data.db"), "rows");
    const watched = await repository.watch(join(repository.base, "way"));
    const snapshot = await own.take(watched, REF);
    expect(await held(repository, snapshot)).toEqual({ a: "a\n" });
    expect(snapshot.uncaptured).toEqual([{ path: "own/", reason: "excluded" }]);
    expect(await repository.leftovers()).toEqual([]);
  });
});
