import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Room } from "./room.ts";

const MIB = 1024 * 1024;

describe("the room that worktrees take", () => {
  let room: Room;
  beforeEach(async () => {
    room = await Room.open();
    await room.makeRepository();
  });
  afterEach(() => room[Symbol.asyncDispose]());

  test("[W-1] it is measured on disk, links not followed, and told again only when it changed", async () => {
    const { worktree } = await room.create();
    const told: (number | undefined)[] = [];
    room.store.onCommit((events) => {
      for (const { type, data } of events)
        if (type === "worktree.updated")
          told.push((JSON.parse(data) as { worktree: { size?: number } }).worktree.size);
    });
    const sizeNow = async () => {
      room.clock.shiftMs += 60_000;
      await room.worktrees.housekeep();
      return (await room.worktrees.get(worktree.id)).size ?? 0;
    };
    const before = await sizeNow();
    expect(before).toBeGreaterThan(0);
    await sizeNow();
    await writeFile(join(worktree.path, "large.bin"), Buffer.alloc(3 * MIB, 7));
    expect(await sizeNow()).toBeGreaterThanOrEqual(before + 3 * MIB);
    expect(told).toHaveLength(2);
  });
});
