import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { newId } from "@holdfast/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { until } from "../agents/waiting.ts";
import { OWNER, Room } from "./room.ts";

describe("acts that a dead server left", () => {
  let room: Room;
  beforeEach(async () => {
    room = await Room.open();
    await room.makeRepository();
  });
  afterEach(() => room[Symbol.asyncDispose]());

  test("[W-11] one that a git of the dead server still works at is waited for, in all so long and no longer, and settled later", async () => {
    const { worktree, workspace } = await room.create();
    const operationId = newId("opr");
    await room.store.beginOperation({
      operationId,
      instanceId: newId("ins"),
      kind: "archive",
      workspaceId: workspace.id,
      leases: [workspace.id],
      worktreeId: worktree.id,
      data: { step: "begun" },
      actor: OWNER,
    });
    const state = async () => (await room.store.getOperation(operationId))?.state;
    const orphan = spawn("git", ["-C", worktree.path, "cat-file", "--batch"], { env: room.environment });
    try {
      // It is git itself once it answers, whatever the name leads to first.
      orphan.stdin.write("HEAD\n");
      await once(orphan.stdout, "data");
      const running = setInterval(() => (room.clock.shiftMs += 2_000), 20);
      expect(await room.worktrees.housekeep().finally(() => clearInterval(running))).toBe(1);
      expect(await state()).toBe("running");
    } finally {
      orphan.kill("SIGKILL");
      await once(orphan, "exit");
    }
    expect(await room.worktrees.housekeep()).toBe(0);
    await until("it has ended", async () => (await state()) !== "running");
    expect(await state()).toBe("undone");
  });

  test("[W-12, W-11] a removal that a dead server left behind its directory's end is finished, and told with its reason", async () => {
    const { worktree, workspace } = await room.create();
    const { value } = await room.store.beginOperation({
      operationId: newId("opr"),
      instanceId: newId("ins"),
      kind: "remove",
      workspaceId: workspace.id,
      leases: [workspace.id],
      worktreeId: worktree.id,
      data: { step: "leaving", before: "active", reason: "nobody used it for long", unsaved: [] },
      actor: OWNER,
    });
    const operation = { id: value.id, epoch: value.epoch, state: "running" as const };
    await room.store.patchWorktree({
      worktreeId: worktree.id,
      patch: { state: "removing" },
      actor: OWNER,
      operation,
    });
    await rm(worktree.path, { recursive: true });
    await room.worktrees.recover();
    expect(await room.store.getWorktree(worktree.id)).toMatchObject({ state: "removed" });
    expect(await room.store.getOperation(value.id)).toMatchObject({ state: "done", epoch: 2 });
    expect(await room.store.listWorktreeAudit({ limit: 10 })).toMatchObject([
      { worktreeId: worktree.id, path: worktree.path, action: "removed", reason: "nobody used it for long" },
    ]);
  });
});
