import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findRepository, keyOf, namedFromTop, checkoutOf } from "../../src/git/index.ts";
import { makeRepository } from "./repository.ts";

test("[W-2] a repository is told from its top, from below, through links, and from odd places", async () => {
  const repository = await makeRepository();
  const { path, runner } = repository;
  expect(await findRepository(runner, path)).toEqual({
    top: path,
    gitDir: join(path, ".git"),
    commonDir: join(path, ".git"),
    prefix: "",
    unbornBranch: "refs/heads/main",
    isBare: false,
    isUnborn: true,
  });
  const head = await repository.commit();
  const odd = join(path, "odd\nünï");
  await mkdir(odd);
  const below = await findRepository(runner, odd);
  expect(below).toMatchObject({
    top: path,
    prefix: "odd\nünï/",
    head: { commit: head, branch: "refs/heads/main" },
  });
  if (below === undefined) throw new Error("no repository");
  const checkout = checkoutOf(runner, below);
  expect(checkout.root).toBe(odd);
  expect(namedFromTop(checkout, "x")).toBe(`${keyOf("odd\nünï/")}x`);
  expect(checkoutOf(runner, below, "top").root).toBe(path);
  await symlink(odd, join(repository.base, "way"));
  expect((await findRepository(runner, join(repository.base, "way")))?.top).toBe(path);
  await repository.git(["checkout", "--quiet", "--detach"]);
  expect((await findRepository(runner, path))?.head).toEqual({ commit: head });
});

test("[W-2] linked worktrees and submodules have a git directory of their own; bare ones and git's own have no top", async () => {
  const repository = await makeRepository();
  const { path, base, runner } = repository;
  await repository.commit();
  const linked = join(base, "linked");
  await repository.git(["worktree", "add", "--quiet", "-b", "side", linked]);
  expect(await findRepository(runner, linked)).toMatchObject({
    top: linked,
    gitDir: join(path, ".git", "worktrees", "linked"),
    commonDir: join(path, ".git"),
    head: { branch: "refs/heads/side" },
  });
  const bare = join(base, "bare.git");
  await repository.git(["init", "--quiet", "--bare", bare]);
  const found = await findRepository(runner, bare);
  expect(found).toMatchObject({ isBare: true, isUnborn: true, gitDir: bare });
  expect(found?.top).toBeUndefined();
  expect((await findRepository(runner, join(path, ".git")))?.top).toBeUndefined();
  expect(() => checkoutOf(runner, found ?? ({} as never))).toThrow(RangeError);
});

test("[W-2] no repository is an answer; a missing directory and one that git does not trust are errors of their own", async () => {
  const repository = await makeRepository();
  const { base, runner, path } = repository;
  expect(await findRepository(runner, base)).toBeUndefined();
  await expect(findRepository(runner, join(base, "gone"))).rejects.toMatchObject({ code: "missing" });
  await writeFile(join(path, ".git", "HEAD"), "nonsense");
  // git itself says that such a directory is none.
  expect(await findRepository(runner, path)).toBeUndefined();
  await repository.settle();
});

// Only root can give a directory to somebody else.
test.runIf(process.getuid?.() === 0)(
  "[W-3] a repository of another owner is not watched, and the reason says so",
  async () => {
    const repository = await makeRepository();
    const { runner, path } = repository;
    await repository.giveAway(path);
    await expect(findRepository(runner, path)).rejects.toMatchObject({ code: "dubiousOwnership" });
    const watched = await repository.snapshots.watch({ workspaceId: "wsp_test", root: path });
    expect("off" in watched && watched.off).toMatch(/safe\.directory/);
  },
);
