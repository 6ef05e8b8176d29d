import { mkdir, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { keyOf, readBlob, readEntries } from "../../src/worktree/git/index.ts";
import type { Snapshot } from "../../src/worktree/snapshot/index.ts";
import { makeRepository, type TestRepository } from "./repository.ts";

const REF = "refs/holdfast/snap/ses_test/trn_test/before";

/** Everything that a snapshot holds, as text by path. */
type Held = Record<string, string>;

async function take(repository: TestRepository, root?: string): Promise<Snapshot> {
  return repository.snapshots.take(await repository.watch(root), REF);
}

/** The snapshot's files; a mode other than 100644 stands before the content. */
async function held(repository: TestRepository, { tree }: Snapshot): Promise<Held> {
  const place = (await repository.watch()).place;
  const all: Held = {};
  for (const [path, { mode, blob }] of await repository.tree(tree)) {
    const content = mode === "160000" ? "" : String(await readBlob(place, blob));
    all[path] = mode === "100644" ? content : `${mode} ${content}`;
  }
  return all;
}

type Case = {
  name: string;
  make(repository: TestRepository): Promise<void>;
  holds: Held;
  uncaptured?: Record<string, string>;
};

/** Every case begins with `a` ("a\n"), `dir/b` ("b\n") and `x` (executable) in a commit. */
const CASES: Case[] = [
  { name: "a clean checkout", make: async () => {}, holds: {} },
  {
    name: "modified, deleted, untracked and empty files",
    async make(repository) {
      await repository.write("a", "changed\n");
      await repository.remove("dir/b");
      await repository.write("new/deep/file", "new\n");
      await repository.write("empty", "");
    },
    holds: { a: "changed\n", "dir/b": "", "new/deep/file": "new\n", empty: "" },
  },
  {
    name: "staged edits with other edits on top",
    async make(repository) {
      await repository.write("a", "staged\n");
      await repository.write("s", "staged\n");
      await repository.git(["add", "-A"]);
      await repository.write("a", "on top\n");
      await repository.remove("s");
    },
    holds: { a: "on top\n" },
  },
  {
    name: "a staged deletion of a file that is there",
    make: async (repository) => void (await repository.git(["rm", "--quiet", "--cached", "a"])),
    holds: {},
  },
  {
    name: "an edit of the same length and time as before",
    async make(repository) {
      const { atime, mtime } = await stat(repository.at("a"));
      await repository.write("a", "z\n");
      await utimes(repository.at("a"), atime, mtime);
    },
    holds: { a: "z\n" },
  },
  {
    name: "edits that assume-unchanged and skip-worktree would hide",
    async make(repository) {
      await repository.git(["update-index", "--assume-unchanged", "a"]);
      await repository.git(["update-index", "--skip-worktree", "dir/b"]);
      await repository.write("a", "hidden\n");
      await repository.write("dir/b", "hidden too\n");
    },
    holds: { a: "hidden\n", "dir/b": "hidden too\n" },
  },
  {
    name: "a sparse checkout keeps what is not on the disk",
    async make(repository) {
      await repository.git(["sparse-checkout", "set", "--no-cone", "/a"]);
      await repository.write("a", "changed\n");
    },
    holds: { a: "changed\n" },
  },
  {
    name: "a sparse index in cone mode, with a file outside of the cone",
    async make(repository) {
      await repository.write("cone/in", "in\n");
      await repository.commit();
      await repository.git(["sparse-checkout", "set", "--cone", "--sparse-index", "cone"]);
      await repository.write("cone/in", "changed\n");
      await repository.write("dir/b", "outside\n");
    },
    holds: { "cone/in": "changed\n", "dir/b": "outside\n" },
  },
  {
    name: "a split index",
    async make(repository) {
      await repository.git(["update-index", "--split-index"]);
      await repository.write("a", "changed\n");
    },
    holds: { a: "changed\n" },
  },
  {
    name: "a missing index",
    async make(repository) {
      await rm(join(repository.path, ".git", "index"));
      await repository.write("a", "changed\n");
      await repository.settle();
    },
    holds: { a: "changed\n" },
  },
  {
    name: "a damaged index",
    async make(repository) {
      await writeFile(join(repository.path, ".git", "index"), "DIRC nonsense");
      await repository.write("a", "changed\n");
      await repository.settle();
    },
    holds: { a: "changed\n" },
  },
  {
    name: "intent to add, with and without the file",
    async make(repository) {
      await repository.write("soon", "soon\n");
      await repository.write("gone", "gone\n");
      await repository.git(["add", "--intent-to-add", "soon", "gone"]);
      await repository.remove("gone");
    },
    holds: { soon: "soon\n" },
  },
  {
    name: "a merge with conflicts",
    async make(repository) {
      await repository.git(["checkout", "--quiet", "-b", "other"]);
      await repository.write("a", "theirs\n");
      await repository.remove("dir/b");
      await repository.commit();
      await repository.git(["checkout", "--quiet", "main"]);
      await repository.write("a", "ours\n");
      await repository.write("dir/b", "ours\n");
      await repository.commit();
      await expect(repository.git(["merge", "other"])).rejects.toThrow();
    },
    holds: { a: expect.stringContaining("<<<<<<<") as unknown as string, "dir/b": "ours\n" },
  },
  {
    name: "a conflict in a file that is too large",
    async make(repository) {
      await repository.git(["checkout", "--quiet", "-b", "other"]);
      await repository.write("a", "theirs\n");
      await repository.commit();
      await repository.git(["checkout", "--quiet", "main"]);
      await repository.write("a", "ours\n");
      await repository.commit();
      await expect(repository.git(["merge", "other"])).rejects.toThrow();
      await repository.write("a", Buffer.alloc(10 * 1024 * 1024 + 1));
    },
    holds: { a: "ours\n" },
    uncaptured: { a: "tooLarge" },
  },
  {
    name: "a detached HEAD",
    async make(repository) {
      await repository.git(["checkout", "--quiet", "--detach"]);
      await repository.write("a", "changed\n");
    },
    holds: { a: "changed\n" },
  },
  {
    name: "odd names",
    async make(repository) {
      await repository.write("with space", "1");
      await repository.write("line\nend", "2");
      await repository.write('quo"te\\', "3");
      await repository.write(":(top)x", "4");
      await repository.write("-rf", "5");
      await repository.write("*", "6");
      await repository.write("ünï", "7");
      await repository.write(Buffer.from([0xff, 0xfe, 0x2f, 0x80]), "8");
    },
    holds: {
      "with space": "1",
      "line\nend": "2",
      'quo"te\\': "3",
      ":(top)x": "4",
      "-rf": "5",
      "*": "6",
      [keyOf("ünï")]: "7",
      "\xff\xfe/\x80": "8",
    },
  },
  {
    name: "links, dangling and to directories, and a file that became one",
    async make(repository) {
      await repository.link("dangling", "nowhere");
      await repository.link("to-dir", "dir");
      await repository.remove("a");
      await repository.link("a", "x");
    },
    holds: { dangling: "120000 nowhere", "to-dir": "120000 dir", a: "120000 x" },
  },
  {
    name: "a directory that became a link to another",
    async make(repository) {
      await repository.write("elsewhere/b", "other\n");
      await repository.remove("dir");
      await repository.link("dir", "elsewhere");
    },
    holds: { "elsewhere/b": "other\n", dir: "120000 elsewhere" },
  },
  {
    name: "bits of execution",
    async make(repository) {
      await repository.write("a", "a\n", 0o755);
      await repository.write("x", "x\n", 0o644);
    },
    holds: { a: "100755 a\n", x: "x\n" },
  },
  {
    name: "no bits of execution with core.fileMode=false",
    async make(repository) {
      await repository.git(["config", "core.fileMode", "false"]);
      await repository.write("a", "changed\n", 0o755);
      await repository.write("x", "changed\n", 0o644);
    },
    holds: { a: "changed\n", x: "100755 changed\n" },
  },
  {
    name: "a file that became a directory, and the other way round",
    async make(repository) {
      await repository.remove("a");
      await repository.write("a/inside", "inside\n");
      await repository.remove("dir");
      await repository.write("dir", "file\n");
    },
    holds: { "a/inside": "inside\n", dir: "file\n" },
  },
  {
    name: "ignored files and directories are named, not held",
    async make(repository) {
      await repository.write(".gitignore", "*.log\nbuild/\n!keep.log\n");
      await repository.write("one.log", "1");
      await repository.write("keep.log", "2");
      await repository.write("build/x/y", "3");
      await repository.write("build/z", "3");
    },
    holds: { ".gitignore": "*.log\nbuild/\n!keep.log\n", "keep.log": "2" },
    uncaptured: { "one.log": "ignored", "build/": "ignored" },
  },
  {
    name: "tracked files that are ignored are held",
    async make(repository) {
      await repository.write(".gitignore", "a\n");
      await repository.write("a", "changed\n");
    },
    holds: { ".gitignore": "a\n", a: "changed\n" },
  },
  {
    name: "files over 10 MB are named; a tracked one stays as it was",
    async make(repository) {
      await repository.write("a", Buffer.alloc(10 * 1024 * 1024 + 1));
      await repository.write("big", Buffer.alloc(10 * 1024 * 1024 + 1));
      await repository.write("fits", Buffer.alloc(10 * 1024 * 1024));
    },
    holds: { fits: "\0".repeat(10 * 1024 * 1024) },
    uncaptured: { a: "tooLarge", big: "tooLarge" },
  },
  {
    name: "nested repositories, with and without commits, are named",
    async make(repository) {
      for (const name of ["nested", "sub/unborn"]) {
        await mkdir(join(repository.path, name), { recursive: true });
        await repository.git(["init", "--quiet"], join(repository.path, name));
        await repository.write(`${name}/file`, "inside\n");
      }
      await repository.git(["add", "-A"], join(repository.path, "nested"));
      await repository.git(["commit", "--quiet", "-m", "inside"], join(repository.path, "nested"));
    },
    holds: {},
    uncaptured: { "nested/": "nestedRepository", "sub/unborn/": "nestedRepository" },
  },
  {
    name: "fifos are named where they stand for a file, and else passed by",
    async make(repository) {
      await repository.remove("a");
      await repository.mkfifo("a");
      await repository.mkfifo("pipe");
    },
    holds: {},
    uncaptured: { a: "unreadable" },
  },
  {
    name: "a required filter that fails for one file",
    async make(repository) {
      await repository.git(["config", "filter.picky.clean", "grep -q good && echo cleaned"]);
      await repository.git(["config", "filter.picky.required", "true"]);
      await repository.write(".gitattributes", "*.p filter=picky\n");
      await repository.write("bad.p", "bad\n");
      await repository.write("fine.p", "good\n");
      await repository.write("other", "other\n");
    },
    holds: { ".gitattributes": "*.p filter=picky\n", "fine.p": "cleaned\n", other: "other\n" },
    uncaptured: { "bad.p": "filter" },
  },
  {
    name: "what git's configuration would refuse or change",
    async make(repository) {
      for (const [name, value] of [
        ["core.safecrlf", "true"],
        ["core.autocrlf", "input"],
        ["commit.gpgSign", "true"],
        ["status.showUntrackedFiles", "no"],
        ["diff.ignoreSubmodules", "all"],
        ["core.logAllRefUpdates", "always"],
        ["core.splitIndex", "true"],
        ["core.untrackedCache", "true"],
      ] as const)
        await repository.git(["config", name, value]);
      await repository.write("crlf", "1\r\n2\r\n");
    },
    holds: { crlf: "1\n2\n" },
  },
];

describe("a snapshot", () => {
  for (const { name, make, holds, uncaptured = {} } of CASES)
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
      const gone = name.includes("deleted") ? ["dir/b"] : [];
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
    const manifest = await repository.snapshots.manifest((await repository.watch()).place, snapshot.commit);
    expect(manifest).toMatchObject({
      uncaptured: [{ path: "secret", reason: "ignored" }],
      uncapturedCount: 1,
    });
    expect(await repository.git(["log", "--format=%H", "--all", "--", "secret"])).toBe("");
  });

  test("[W-3] names 200 paths and counts the rest", async () => {
    const repository = await makeRepository();
    await repository.write(".gitignore", "*.o\n");
    for (let at = 0; at < 230; at += 1) await repository.write(`f${at}.o`, "");
    const snapshot = await take(repository);
    expect(snapshot.uncaptured).toHaveLength(200);
    expect(snapshot.uncapturedCount).toBe(230);
  });

  test("[W-3] of a repository without commits, and of one with SHA-256", async () => {
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
    await expect(repository.git(["merge", "other"])).rejects.toThrow();
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

  test("[W-3] of a submodule's checkout, and what its parent can hold of it", async () => {
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
    const { place } = await repository.watch(sub);
    expect([...(await readEntries(place, inside.tree, ["s"])).keys()]).toEqual(["s"]);
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
    await expect(stat(flag)).rejects.toThrow();
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
