/** The reaper and the database it belongs to (W-12): what is unknown is never deleted. */
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { newId } from "@holdfast/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isWhole } from "../../../../test/harness/sample.ts";
import { REAP_GRACE_MS } from "../../src/worktree/reap-decision.ts";
import { REAP_ACTS } from "../../src/worktree/reap.ts";
import { OWNER, Room } from "./room.ts";

describe("the reaper", () => {
  let room: Room;
  beforeEach(async () => {
    room = await Room.open();
    await room.makeRepository();
  });
  afterEach(() => room[Symbol.asyncDispose]());

  /** A worktree that nobody uses any more. */
  async function unclaimed() {
    const made = await room.create();
    await room.store.deleteSession({ sessionId: made.sessionId, actor: OWNER });
    return made.worktree;
  }
  const waitGrace = () => void (room.clock.shiftMs += REAP_GRACE_MS + 60_000);
  const pass = async (dryRun = false) => (await room.worktrees.prune({ dryRun, actor: OWNER })).items;

  test("[W-12] an empty database deletes nothing: what it does not know is reported", async () => {
    const worktree = await unclaimed();
    await room.closeStore();
    await room.openStore("empty");
    waitGrace();
    await room.worktrees.recover();
    expect(await pass()).toEqual([expect.objectContaining({ path: worktree.path, action: "unknown" })]);
    expect(existsSync(worktree.path)).toBe(true);
  });

  test.runIf(isWhole)(
    "[W-12] an older copy of the database deletes nothing, neither what it knows nor what came later",
    async () => {
      const before = await unclaimed();
      await room.closeStore();
      await cp(join(room.root, "data"), join(room.root, "older"), { recursive: true });
      await room.openStore("data");
      const later = await unclaimed();
      await room.closeStore();
      await room.openStore("older");
      waitGrace();
      const items = await pass();
      expect(items.find(({ path }) => path === before.path)).toMatchObject({
        action: "kept",
        reason: expect.stringContaining("newer state") as string,
      });
      expect(items.find(({ path }) => path === later.path)).toMatchObject({ action: "unknown" });
      expect([before, later].every(({ path }) => existsSync(path))).toBe(true);
    },
  );

  test.runIf(isWhole)(
    "[W-12] a foreign database deletes nothing, also when its rows name the same directories",
    async () => {
      const worktree = await unclaimed();
      await room.closeStore();
      await room.openStore("foreign");
      const {
        id: worktreeId,
        path,
        branch,
        baseCommit,
        baseTree,
        repository,
        workspaceId,
        projectId,
      } = worktree;
      const operationId = newId("opr");
      await room.store.beginWorktree({
        worktreeId,
        path,
        branch,
        baseCommit,
        baseTree,
        repository,
        workspaceId,
        projectId,
        operationId,
        instanceId: newId("ins"),
        directoryWorkspaceId: newId("wsp"),
        directory: path,
        projectDirectory: room.project,
        data: {},
        actor: OWNER,
      });
      await room.store.patchWorktree({
        worktreeId,
        patch: { state: "active" },
        actor: OWNER,
        operation: { id: operationId, epoch: 1, state: "done" },
      });
      waitGrace();
      expect(await pass()).toEqual([expect.objectContaining({ path: worktree.path, action: "kept" })]);
      // Even one that made a worktree of its own here, and is named in the marker therefore.
      const own = await unclaimed();
      waitGrace();
      const items = await pass();
      expect(items.find(({ path }) => path === worktree.path)).toMatchObject({
        action: "kept",
        reason: expect.stringContaining("lock") as string,
      });
      expect(items.find(({ path }) => path === own.path)).toMatchObject({ action: "removed" });
      expect(existsSync(worktree.path)).toBe(true);
    },
  );

  test("[W-12] without its marker, or with one that cannot be read, nothing is deleted", async () => {
    const worktree = await unclaimed();
    const marker = join(room.managed, ".holdfast");
    expect(await readFile(marker, "utf8")).toContain(room.store.storeId);
    waitGrace();
    for (const break_ of [() => writeFile(marker, "{"), () => rm(marker)]) {
      await break_();
      expect((await pass())[0]).toMatchObject({ path: worktree.path, action: "kept" });
    }
    expect(existsSync(worktree.path)).toBe(true);
  });

  test("[W-12] what a session claims is kept; what only archived ones use is reaped after the grace", async () => {
    const claimed = await room.create();
    const archived = await room.create();
    await room.store.patchSession({ sessionId: archived.sessionId, patch: { archived: true }, actor: OWNER });
    await room.worktrees.archive(archived.workspace.id, OWNER);
    expect((await room.worktrees.get(archived.worktree.id)).state).toBe("archived");
    expect((await pass()).map(({ action }) => action)).toEqual(["kept", "kept"]);
    waitGrace();
    const items = await pass();
    expect(items.find(({ worktreeId }) => worktreeId === claimed.worktree.id)).toMatchObject({
      action: "kept",
    });
    expect(items.find(({ worktreeId }) => worktreeId === archived.worktree.id)).toMatchObject({
      action: "removed",
    });
    // The session's turns say how to get it back.
    expect(await room.worktrees.requireDirectory(archived.workspace.id)).toMatchObject({
      name: "WorkspaceMissingError",
      data: { worktreeId: archived.worktree.id, ways: ["rescue", "base"] },
    });
  });

  test.runIf(isWhole)("[W-12] a pass does so much and no more, and the next ones do the rest", async () => {
    const many = REAP_ACTS + 3;
    await Promise.all(Array.from({ length: many }, () => unclaimed()));
    waitGrace();
    const removed = async () => (await pass()).filter(({ action }) => action === "removed").length;
    expect(await removed()).toBe(REAP_ACTS);
    expect(await removed()).toBe(many - REAP_ACTS);
    const audit = await room.store.listWorktreeAudit({ limit: 100 });
    expect(audit.map(({ action }) => action)).toEqual(Array.from({ length: many }, () => "removed"));
  });

  test("[W-12] a directory that is a link, or stands outside of the root, is kept", async () => {
    const worktree = await unclaimed();
    await mkdir(join(room.root, "outside"));
    await room.store.patchWorktree({
      worktreeId: worktree.id,
      patch: { path: join(room.root, "outside") },
      actor: OWNER,
    });
    waitGrace();
    expect((await pass()).find(({ worktreeId }) => worktreeId === worktree.id)).toMatchObject({
      action: "kept",
    });
    expect(existsSync(worktree.path)).toBe(true);
  });
});
