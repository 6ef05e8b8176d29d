import { chown, lstat, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isHoldfastError } from "@holdfast/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isWhole } from "../../../../test/harness/sample.ts";
import { OWNER, Room } from "./room.ts";

const refusal = (work: Promise<unknown>): Promise<unknown> =>
  work.then(() => "no refusal").catch((error: unknown) => error);

describe("making worktrees", () => {
  let room: Room;
  beforeEach(async () => {
    room = await Room.open();
  });
  afterEach(() => room[Symbol.asyncDispose]());

  /** What a creation that was refused may have left. */
  async function expectNothing(branches = "main"): Promise<void> {
    expect((await readdir(room.managed)).filter((name) => !name.startsWith("."))).toEqual([]);
    expect(room.git(["worktree", "list"]).split("\n")).toHaveLength(1);
    expect(room.git(["branch", "--format=%(refname:short)"])).toBe(branches);
    expect(room.git(["for-each-ref", "refs/holdfast/"])).toBe("");
    expect(await room.store.listWorktrees({})).toEqual([]);
    expect(await room.store.listOperations({ state: "running", limit: 10 })).toEqual([]);
    expect(await readdir(join(room.project, ".git"))).not.toContain("holdfast.lock");
  }

  test("[W-1, W-2] a session gets a branch and a directory at HEAD's commit, locked in Holdfast's name, tracking nothing", async () => {
    await room.makeRepository();
    const { worktree, workspace } = await room.create();
    const row = await room.worktrees.get(worktree.id);
    expect(row).toMatchObject({
      state: "active",
      baseCommit: room.git(["rev-parse", "HEAD"]),
      owner: { id: "owner" },
    });
    expect(row.baseTree).toBe(room.git(["rev-parse", "HEAD^{tree}"]));
    expect(workspace).toMatchObject({ kind: "worktree", directory: worktree.path, worktreeId: worktree.id });
    expect(room.git(["symbolic-ref", "HEAD"], worktree.path)).toBe(`refs/heads/${worktree.branch}`);
    const listed = room.git(["worktree", "list", "--porcelain"]);
    expect(listed).toContain(`locked holdfast ${room.store.storeId} ${worktree.id}`);
    expect(await readFile(join(room.project, ".git", "config"), "utf8")).not.toContain("holdfast");
  });

  test("[W-2] a project below the top gets the whole repository and works at the same place in it", async () => {
    await room.makeRepository({ "a.txt": "one\n", "packages/app/b.txt": "two\n" });
    const directory = join(room.project, "packages", "app");
    const { worktree, workspace } = await room.create({ directory });
    expect(workspace.directory).toBe(join(worktree.path, "packages", "app"));
    expect(await readFile(join(worktree.path, "a.txt"), "utf8")).toBe("one\n");
    expect((await readdir(workspace.directory)).sort()).toEqual(["b.txt"]);
  });

  test("[W-2] a project that HEAD does not have yet gets its directory", async () => {
    await room.makeRepository();
    const directory = join(room.project, "new");
    await mkdir(directory);
    const { workspace } = await room.create({ directory });
    expect(await readdir(workspace.directory)).toEqual([]);
  });

  test("[W-2] base dirty starts from the checkout as it is, and shows what was not committed as not committed", async () => {
    await room.makeRepository({ "a.txt": "one\n", "gone.txt": "x\n", "same.txt": "s\n" });
    await room.write(room.project, { "a.txt": "changed\n", "new/n.txt": "n\n" });
    await rm(join(room.project, "gone.txt"));
    room.git(["add", "a.txt"]);
    const before = room.git(["status", "--porcelain"]);
    const { worktree } = await room.create({ base: "dirty" });
    expect(room.git(["status", "--porcelain", "-uall"], worktree.path).split("\n").sort()).toEqual(
      [" M a.txt", " D gone.txt", "?? new/n.txt"].sort(),
    );
    const row = await room.worktrees.get(worktree.id);
    expect(row.baseCommit).toBe(room.git(["rev-parse", "HEAD"]));
    expect(room.git(["ls-tree", "-r", "--name-only", row.baseTree]).split("\n")).toEqual([
      "a.txt",
      "new/n.txt",
      "same.txt",
    ]);
    expect(room.git(["status", "--porcelain"])).toBe(before);
  });

  test.runIf(isWhole)("[W-2] twenty-four at once all succeed", async () => {
    await room.makeRepository();
    const made = await Promise.all(Array.from({ length: 24 }, () => room.create()));
    expect(new Set(made.map(({ worktree }) => worktree.path)).size).toBe(24);
    expect(room.git(["worktree", "list"]).split("\n")).toHaveLength(25);
    expect((await room.store.listWorktrees({ states: ["active"] })).length).toBe(24);
  });

  test("[W-2] what is no repository, or has no commit, is refused by name", async () => {
    expect(isHoldfastError(await refusal(room.create()), "NOT_GIT")).toBe(true);
    room.git(["init", "-q"]);
    expect(isHoldfastError(await refusal(room.create()), "NO_COMMITS")).toBe(true);
    expect(await room.store.listWorktrees({})).toEqual([]);
    expect(await readdir(room.managed)).toEqual([]);
  });

  test.runIf(process.getuid?.() === 0)(
    "[W-2] a repository of another user is refused with what git wants",
    async () => {
      await room.makeRepository();
      await chown(join(room.project, ".git"), 65_534, 65_534);
      await chown(room.project, 65_534, 65_534);
      const error = await refusal(room.create());
      expect(isHoldfastError(error, "UNPROCESSABLE") && error.data?.["reason"]).toBe("dubiousOwnership");
    },
  );

  test("[W-2] a worktree is not made of a worktree", async () => {
    await room.makeRepository();
    const { worktree } = await room.create();
    expect(isHoldfastError(await refusal(room.create({ directory: worktree.path })), "UNPROCESSABLE")).toBe(
      true,
    );
  });

  test("[W-2] listed ignored files are copied, others are not", async () => {
    await room.makeRepository({ ".gitignore": ".env*\nnode_modules\nsecret\n", "a.txt": "one\n" });
    await room.write(room.project, {
      ".env": "A=1",
      ".env.local": "B=2",
      secret: "s",
      "node_modules/x/y": "z",
    });
    await room.knowProject();
    await room.settings({ copy: [".env*"] });
    const { worktree } = await room.create();
    expect((await readdir(worktree.path)).sort()).toEqual([
      ".env",
      ".env.local",
      ".git",
      ".gitignore",
      "a.txt",
    ]);
  });

  test("[W-2] hooks run only when the project asks for them", async () => {
    await room.makeRepository();
    const hook = join(room.project, ".git", "hooks", "post-checkout");
    await writeFile(hook, "#!/bin/sh\ntouch hooked\n", { mode: 0o755 });
    const without = await room.create();
    expect(await readdir(without.worktree.path)).not.toContain("hooked");
    await room.settings({ hooks: true });
    const { worktree } = await room.create();
    expect(await readdir(worktree.path)).toContain("hooked");
  });

  test("[W-2] the setup command runs in the worktree; one that fails leaves nothing and shows the end of its output", async () => {
    await room.makeRepository();
    await room.knowProject();
    await room.settings({ setup: ["node", "-e", "require('fs').writeFileSync('made', process.cwd())"] });
    const { worktree, sessionId } = await room.create();
    expect(await readFile(join(worktree.path, "made"), "utf8")).toBe(worktree.path);
    await room.store.deleteSession({ sessionId, actor: OWNER });
    await room.worktrees.remove(worktree.id, { discard: true, skipTeardown: false, actor: OWNER });

    await room.settings({
      setup: [
        "sh",
        "-c",
        "git -c user.name=s -c user.email=s commit -q --allow-empty -m setup; echo why >&2; exit 7",
      ],
    });
    const error = await refusal(room.create());
    expect(isHoldfastError(error, "UNPROCESSABLE") && error.data).toMatchObject({
      reason: "setupFailed",
      output: "why\n",
    });
    expect(await room.store.listWorktrees({ states: ["creating", "active"] })).toEqual([]);
    expect((await readdir(room.managed)).filter((name) => !name.startsWith("."))).toEqual([]);
    expect(room.git(["branch", "--format=%(refname:short)"])).toBe("main");
    expect(room.git(["worktree", "list"]).split("\n")).toHaveLength(1);
  });

  test("[W-2] a session that is refused leaves neither branch nor directory nor rows", async () => {
    await room.makeRepository();
    const failing = room.worktrees.create({ directory: room.project, base: "dirty", actor: OWNER }, () =>
      Promise.reject(new Error("no agent")),
    );
    await expect(failing).rejects.toThrow("no agent");
    await expectNothing();
  });

  test("[W-2] a branch of that name, or something at the path, ends the creation and stays", async () => {
    await room.makeRepository();
    await writeFile(join(room.project, ".git", "refs", "heads", "holdfast"), room.git(["rev-parse", "HEAD"]));
    expect(await refusal(room.create())).toBeInstanceOf(Error);
    await expectNothing("holdfast\nmain");
  });

  test.runIf(isWhole)("[W-2] submodules stay empty", async () => {
    await room.makeRepository();
    const other = join(room.root, "other");
    room.git(["init", "-q", other]);
    room.git(["commit", "-q", "--allow-empty", "-m", "sub"], other);
    room.git(["submodule", "--quiet", "add", other, "sub"]);
    room.git(["commit", "-q", "-m", "with sub"]);
    const { worktree } = await room.create();
    expect(await readdir(join(worktree.path, "sub"))).toEqual([]);
    expect((await room.worktrees.risk(worktree.id)).safe).toBe(true);
    expect((await lstat(join(worktree.path, "sub"))).isDirectory()).toBe(true);
  });
});
