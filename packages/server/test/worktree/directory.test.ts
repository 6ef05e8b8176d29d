/** Worktrees that are used: missing ones, locks of their index, housekeeping of rescues, and what two acts do to each other. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isHoldfastError } from "@holdfast/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isWhole } from "../../../../test/harness/sample.ts";
import { RESCUE_MS } from "../../src/worktree/rescue.ts";
import { OWNER, Room } from "./room.ts";

const DISCARD = { discard: true, skipTeardown: false, actor: OWNER };

describe("a worktree in use", () => {
  let room: Room;
  beforeEach(async () => {
    room = await Room.open();
    await room.makeRepository();
  });
  afterEach(() => room[Symbol.asyncDispose]());

  test("[W-13] a missing one is lost, comes back at its base, and is active again", async () => {
    const { worktree, workspace } = await room.create();
    expect(await room.worktrees.requireDirectory(workspace.id)).toBeUndefined();
    await rm(worktree.path, { recursive: true });
    const missing = await room.worktrees.requireDirectory(workspace.id);
    expect(missing).toMatchObject({
      name: "WorkspaceMissingError",
      data: { directory: workspace.directory, ways: ["base"] },
    });
    expect(await room.worktrees.get(worktree.id)).toMatchObject({
      state: "lost",
      note: "its directory is missing",
    });
    const restored = await room.worktrees.restore(worktree.id, { from: "base", actor: OWNER });
    expect(restored).toMatchObject({ state: "active", path: worktree.path });
    expect(restored.note).toBeUndefined();
    expect(await room.store.listWorktreeAudit({ limit: 1 })).toMatchObject([
      { worktreeId: worktree.id, path: worktree.path, action: "restored", reason: "from base" },
    ]);
    expect(await room.worktrees.requireDirectory(workspace.id)).toBeUndefined();
    expect(room.git(["symbolic-ref", "HEAD"], worktree.path)).toBe(`refs/heads/${worktree.branch}`);
  });

  /** What a turn leaves behind: a snapshot of the worktree's files, known to the store. */
  async function afterTurn({ worktree, workspace }: Awaited<ReturnType<Room["create"]>>): Promise<void> {
    room.git(["add", "-A"], worktree.path);
    const tree = room.git(["write-tree"], worktree.path);
    room.git(["reset", "-q"], worktree.path);
    const commit = room.git(["commit-tree", "-m", "after", tree], worktree.path);
    room.git(["update-ref", `refs/holdfast/snap/${workspace.id}/after`, commit]);
    const head = room.git(["rev-parse", "HEAD"], worktree.path);
    await room.store.recordChanges({
      workspaceId: workspace.id,
      tracking: { ...(await room.store.getTracking(workspace.id)), newest: tree, commit, head },
      changes: [],
      gone: [],
      snapshots: [],
      actor: OWNER,
    });
  }

  const restored = async (path: string): Promise<string[]> => [
    await readFile(join(path, "a.txt"), "utf8"),
    room.git(["status", "--porcelain"], path),
  ];

  test("[W-11, W-13, R-6.4] what turns left in one that was deleted by hand is a rescue, also without its branch", async () => {
    const made = await room.create();
    const { worktree, workspace } = made;
    await room.write(worktree.path, { "a.txt": "work\n", "n.txt": "new\n" });
    await afterTurn(made);
    await rm(worktree.path, { recursive: true });
    const missing = await room.worktrees.requireDirectory(workspace.id);
    expect(missing?.data.ways).toEqual(["rescue", "base"]);
    room.git(["worktree", "remove", "-f", "-f", worktree.path]);
    room.git(["branch", "-D", worktree.branch]);
    room.git(["update-ref", "-d", `refs/holdfast/snap/${workspace.id}/after`]);
    room.git(["gc", "-q", "--prune=now"]);
    const marks: unknown[] = [];
    const patchWorktree = room.store.patchWorktree.bind(room.store);
    room.store.patchWorktree = (command) => {
      marks.push(...(command.marks ?? []));
      return patchWorktree(command);
    };
    await room.worktrees.restore(worktree.id, { from: "rescue", actor: OWNER });
    room.store.patchWorktree = patchWorktree;
    expect(await restored(worktree.path)).toEqual(["work\n", " M a.txt\n?? n.txt"]);
    const { rescue } = await room.worktrees.get(worktree.id);
    const snapshot = room.git(["rev-parse", `${rescue?.commit ?? ""}^{tree}`]);
    expect(marks).toMatchObject([{ sessionId: made.sessionId, snapshot }]);
    expect(await room.worktrees.requireDirectory(workspace.id)).toBeUndefined();
  });

  test.runIf(isWhole)(
    "[W-11, W-13] a turn after the last rescue counts, and a commit after the last turn counts more",
    async () => {
      const made = await room.create();
      const { worktree } = made;
      room.clock.shiftMs = -10_000;
      await room.worktrees.remove(worktree.id, DISCARD);
      await room.worktrees.restore(worktree.id, { from: "rescue", actor: OWNER });
      room.clock.shiftMs = 0;
      expect((await room.worktrees.get(worktree.id)).rescue).toBeDefined();
      await room.write(worktree.path, { "a.txt": "work\n" });
      await afterTurn(made);
      await rm(worktree.path, { recursive: true });
      await room.worktrees.restore(worktree.id, { from: "rescue", actor: OWNER });
      expect(await restored(worktree.path)).toEqual(["work\n", " M a.txt"]);

      const other = await room.create();
      await room.write(other.worktree.path, { "a.txt": "turn\n" });
      await afterTurn(other);
      const { commit } = await room.store.getTracking(other.workspace.id);
      await room.write(other.worktree.path, { "a.txt": "committed\n" });
      room.git(["commit", "-q", "-am", "by hand"], other.worktree.path);
      await rm(other.worktree.path, { recursive: true });
      await room.worktrees.restore(other.worktree.id, { from: "rescue", actor: OWNER });
      expect(await restored(other.worktree.path)).toEqual(["committed\n", ""]);
      const held = room.git([
        "for-each-ref",
        "--format=%(objectname)",
        `refs/holdfast/rescue/${other.worktree.id}/`,
      ]);
      expect(held.split("\n")).toContain(commit);
    },
  );

  test("[W-13] one that was moved is lost until it is moved back, and nothing is made in its place", async () => {
    const { worktree, workspace } = await room.create();
    const away = join(room.root, "away");
    room.git(["worktree", "unlock", worktree.path]);
    room.git(["worktree", "move", worktree.path, away]);
    expect((await room.worktrees.requireDirectory(workspace.id))?.data.message).toContain(away);
    const refusal: unknown = await room.worktrees
      .restore(worktree.id, { from: "base", actor: OWNER })
      .catch((error: unknown) => error);
    expect(isHoldfastError(refusal, "CONFLICT")).toBe(true);
    room.git(["worktree", "move", away, worktree.path]);
    expect(await room.worktrees.requireDirectory(workspace.id)).toBeUndefined();
    expect((await room.worktrees.get(worktree.id)).state).toBe("active");
  });

  test("[W-13] the directory of a project that is gone is told too, without ways that there are not", async () => {
    const { worktree } = await room.create();
    const workspace = await room.store.projectWorkspace(worktree.projectId);
    if (workspace === undefined) throw new Error("no workspace");
    await rename(room.project, `${room.project}-away`);
    expect(await room.worktrees.requireDirectory(workspace.id)).toMatchObject({
      data: { directory: room.project, ways: [] },
    });
    await rename(`${room.project}-away`, room.project);
  });

  test.runIf(isWhole)(
    "[W-11] a base that was dirty is laid over again, and without a rescue there is none to restore",
    async () => {
      await room.write(room.project, { "a.txt": "dirty\r\n", "n.txt": "new\n" });
      const { worktree } = await room.create({ base: "dirty" });
      await rm(worktree.path, { recursive: true });
      const refusal: unknown = await room.worktrees
        .restore(worktree.id, { from: "rescue", actor: OWNER })
        .catch((error: unknown) => error);
      expect(isHoldfastError(refusal, "UNPROCESSABLE")).toBe(true);
      await room.worktrees.restore(worktree.id, { from: "base", actor: OWNER });
      expect(await readFile(join(worktree.path, "a.txt"), "utf8")).toBe("dirty\r\n");
      expect(room.git(["status", "--porcelain"], worktree.path)).toBe(" M a.txt\n?? n.txt");
    },
  );

  test.runIf(isWhole)(
    "[W-11] files over the snapshots' limit and files that a filter would change come back byte for byte",
    async () => {
      await room.write(room.project, { ".gitattributes": "*.crlf text eol=lf\n" });
      room.git(["add", "-A"]);
      room.git(["commit", "-q", "-m", "attributes"]);
      const { worktree } = await room.create();
      const large = Buffer.alloc(11 * 1024 * 1024, "large\n");
      await writeFile(join(worktree.path, "large.bin"), large);
      await writeFile(join(worktree.path, "lines.crlf"), "a\r\nb\r\n");
      await room.worktrees.remove(worktree.id, DISCARD);
      await room.worktrees.restore(worktree.id, { from: "rescue", actor: OWNER });
      expect((await readFile(join(worktree.path, "large.bin"))).equals(large)).toBe(true);
      expect(await readFile(join(worktree.path, "lines.crlf"), "utf8")).toBe("a\r\nb\r\n");
    },
  );

  test.runIf(isWhole)(
    "[W-2, W-11] the branch goes when the rescue holds its tip, and stays when it does not",
    async () => {
      const held = await room.create();
      room.git(["commit", "-q", "--allow-empty", "-m", "work"], held.worktree.path);
      await room.worktrees.remove(held.worktree.id, DISCARD);
      expect(room.git(["branch", "--list", held.worktree.branch])).toBe("");
      const { worktree } = await room.create();
      room.git(["checkout", "-q", "-b", "elsewhere"], worktree.path);
      room.git(
        [
          "branch",
          "-f",
          worktree.branch,
          room.git(["commit-tree", "-m", "other", "HEAD^{tree}"], worktree.path),
        ],
        worktree.path,
      );
      room.git(["reflog", "expire", "--expire=now", "--all"]);
      await room.worktrees.remove(worktree.id, DISCARD);
      // Its tip was a commit that only it had, so the rescue took it up; the branch that the user made is the user's.
      expect(room.git(["branch", "--list", "elsewhere"])).toContain("elsewhere");
    },
  );

  test.runIf(isWhole)("[W-11] a rescue is kept for thirty days, then its refs go", async () => {
    const { worktree } = await room.create();
    await room.write(worktree.path, { "n.txt": "n" });
    await room.worktrees.remove(worktree.id, DISCARD);
    expect(
      room.git(["for-each-ref", "--format=%(refname)", `refs/holdfast/rescue/${worktree.id}/`]),
    ).not.toBe("");
    await room.worktrees.housekeep();
    expect((await room.worktrees.get(worktree.id)).rescue).toBeDefined();
    room.clock.shiftMs += RESCUE_MS + 60_000;
    await room.worktrees.housekeep();
    expect((await room.worktrees.get(worktree.id)).rescue).toBeUndefined();
    expect(room.git(["for-each-ref", "refs/holdfast/"])).toBe("");
  });

  test.runIf(isWhole)(
    "[W-11] what a filter of the repository cannot take in comes back all the same",
    async () => {
      await room.write(room.project, { ".gitattributes": "*.bad filter=broken\n" });
      room.git(["add", "-A"]);
      room.git(["commit", "-q", "-m", "attributes"]);
      room.git(["config", "filter.broken.clean", "false"]);
      room.git(["config", "filter.broken.required", "true"]);
      const { worktree } = await room.create();
      await room.write(worktree.path, { "x.bad": "x", "y.good": "y" });
      const removed = await room.worktrees.remove(worktree.id, DISCARD);
      expect(removed.note).toBeUndefined();
      await room.worktrees.restore(worktree.id, { from: "rescue", actor: OWNER });
      for (const name of ["x.bad", "y.good"])
        expect(await readFile(join(worktree.path, name), "utf8")).toBe(name.slice(0, 1));
    },
  );

  test.runIf(isWhole)(
    "[W-11] a teardown that fails removes nothing; left out, the removal goes on",
    async () => {
      const { worktree } = await room.create();
      await room.settings({ teardown: ["sh", "-c", "echo busy; exit 4"] });
      const refusal: unknown = await room.worktrees
        .remove(worktree.id, DISCARD)
        .catch((error: unknown) => error);
      expect(isHoldfastError(refusal, "UNPROCESSABLE") && refusal.data).toMatchObject({
        reason: "teardownFailed",
        output: "busy\n",
      });
      expect(await room.worktrees.get(worktree.id)).toMatchObject({ state: "active" });
      expect(existsSync(worktree.path)).toBe(true);
      expect((await room.worktrees.remove(worktree.id, { ...DISCARD, skipTeardown: true })).state).toBe(
        "removed",
      );
    },
  );

  test.runIf(isWhole)(
    "[W-10] what changes while it is removed stops the removal, or with discard is rescued as well",
    async () => {
      const { worktree } = await room.create();
      await room.settings({ teardown: ["sh", "-c", "echo late > late.txt"] });
      const refusal: unknown = await room.worktrees
        .remove(worktree.id, { ...DISCARD, discard: false })
        .catch((error: unknown) => error);
      expect(isHoldfastError(refusal, "CONFLICT")).toBe(true);
      expect((await room.worktrees.get(worktree.id)).state).toBe("active");
      await rm(join(worktree.path, "late.txt"));
      await room.worktrees.remove(worktree.id, DISCARD);
      await room.worktrees.restore(worktree.id, { from: "rescue", actor: OWNER });
      expect(await readFile(join(worktree.path, "late.txt"), "utf8")).toBe("late\n");
    },
  );

  test.runIf(isWhole)("[W-10] agents of ours are closed before a removal, and are no risk", async () => {
    const { worktree, sessionId } = await room.create();
    const script = "sleep 600 >/dev/null 2>&1 & echo $!";
    const pid = Number(execFileSync("sh", ["-c", script], { cwd: worktree.path }).toString());
    expect((await room.worktrees.risk(worktree.id)).risks.map(({ kind }) => kind)).toEqual(["liveProcess"]);
    room.agents.add(pid);
    expect((await room.worktrees.risk(worktree.id)).safe).toBe(true);
    await room.worktrees.remove(worktree.id, { ...DISCARD, discard: false });
    expect(room.released).toContain(sessionId);
    process.kill(pid, "SIGKILL");
  });

  test.runIf(isWhole)(
    "[W-11] removed twice is removed once, and a removal in progress is joined",
    async () => {
      const { worktree } = await room.create();
      const both = await Promise.all([
        room.worktrees.remove(worktree.id, DISCARD),
        room.worktrees.remove(worktree.id, DISCARD),
      ]);
      expect(both.map(({ state }) => state)).toEqual(["removed", "removed"]);
      expect((await room.worktrees.remove(worktree.id, DISCARD)).state).toBe("removed");
      expect(await room.store.listWorktreeAudit({ limit: 10 })).toHaveLength(1);
    },
  );

  test.runIf(isWhole)("[W-14] a dead index.lock of ours goes before a turn", async () => {
    const { worktree, workspace } = await room.create();
    const lock = join(room.git(["rev-parse", "--absolute-git-dir"], worktree.path), "index.lock");
    await writeFile(lock, "");
    expect(await room.worktrees.requireDirectory(workspace.id)).toBeUndefined();
    expect(existsSync(lock)).toBe(false);
  });

  test.runIf(isWhole)(
    "[W-11] trash that resists is deleted nevertheless, and only what this room put there",
    async () => {
      const { worktree } = await room.create();
      await mkdir(join(worktree.path, "cache", "mod"), { recursive: true });
      await writeFile(join(worktree.path, "cache", "mod", "f"), "x");
      await chmod(join(worktree.path, "cache", "mod"), 0o500);
      await room.worktrees.remove(worktree.id, DISCARD);
      const trash = join(room.managed, ".trash");
      await mkdir(join(trash, "theirs"));
      await expect.poll(() => readdir(trash)).toEqual(["theirs"]);
    },
  );
});
