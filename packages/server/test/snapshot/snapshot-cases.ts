import { rm, stat, mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { keyOf } from "../../src/git/index.ts";
import type { TestRepository } from "../git/repository.ts";

/** Everything that a snapshot holds, as text by path. */
export type Held = Record<string, string>;

/** A state of a checkout, and what a snapshot of it holds beside what the cases begin with. */
export type Case = {
  name: string;
  make: (repository: TestRepository) => Promise<void>;
  holds: Held;
  /** Paths that are in the commit and no longer there. */
  gone?: string[];
  uncaptured?: Record<string, string>;
};

/** Every case begins with `a` ("a\n"), `dir/b` ("b\n") and `x` (executable) in a commit. */
export const CASES: readonly Case[] = [
  { name: "a clean checkout", make: async () => {}, holds: {} },
  {
    name: "modified, deleted, untracked and empty files",
    async make(repository) {
      await repository.write("a", "changed\n");
      await repository.remove("dir/b");
      await repository.write("new/deep/file", "new\n");
      await repository.write("empty", "");
    },
    gone: ["dir/b"],
    holds: { a: "changed\n", "new/deep/file": "new\n", empty: "" },
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
    name: "a filter that fails now, beside an edit of the same length and time as before",
    async make(repository) {
      await repository.write(".gitattributes", "f filter=broken\n");
      await repository.write("f", "f\n");
      await repository.git(["add", "-A"]);
      await repository.git(["update-index", "--assume-unchanged", "a"]);
      for (const [name, value] of [
        ["core.trustctime", "false"],
        ["filter.broken.clean", "exit 1"],
        ["filter.broken.required", "true"],
      ] as const)
        await repository.git(["config", name, value]);
      const { atime, mtime } = await stat(repository.at("f"));
      await repository.write("f", "z\n");
      await utimes(repository.at("f"), atime, mtime);
      // The index is as old: only the content says what the file is.
      await utimes(repository.at(".git/index"), atime, mtime);
      await repository.write("a", "changed\n");
    },
    holds: { a: "changed\n", f: "f\n", ".gitattributes": "f filter=broken\n" },
    uncaptured: { f: "filter" },
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
      await expect(repository.git(["merge", "other"])).rejects.toThrow("merge other");
    },
    holds: { a: "<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> other\n", "dir/b": "ours\n" },
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
      await expect(repository.git(["merge", "other"])).rejects.toThrow("merge other");
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
    name: "fifos are named, also where they stand for a file",
    async make(repository) {
      await repository.remove("a");
      await repository.mkfifo("a");
      await repository.mkfifo("pipe");
    },
    holds: {},
    uncaptured: { a: "special", pipe: "special" },
  },
  {
    name: "what git does not list, or does not take, is named",
    async make(repository) {
      const link = `160000,${await repository.git(["rev-parse", "HEAD"])},`;
      for (const name of ["unfilled", "broken", "void"])
        await repository.git(["update-index", "--add", "--cacheinfo", `${link}${name}`]);
      await repository.write("unfilled/work", "an hour\n");
      await repository.write("broken/.git", "gitdir: /nowhere\n");
      await repository.write("broken/work", "work\n");
      await repository.write(".GIT/work", "refused\n");
      await repository.write("git~1", "refused\n");
      await repository.write("half/.git/work", "hidden\n");
      await mkdir(join(repository.path, "unfilled/nested"), { recursive: true });
      await repository.git(["init", "--quiet"], join(repository.path, "unfilled/nested"));
      for (const name of ["void", "empty"]) await mkdir(join(repository.path, name));
    },
    holds: { unfilled: "160000 ", broken: "160000 ", void: "160000 " },
    uncaptured: {
      "unfilled/work": "submodule",
      "unfilled/nested/": "nestedRepository",
      "broken/.git": "submodule",
      "broken/work": "submodule",
      ".GIT/work": "name",
      "git~1": "name",
      "half/.git/work": "name",
    },
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
