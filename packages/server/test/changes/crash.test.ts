import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HoldfastError, systemClock } from "@holdfast/kernel";
import { describe, expect, test, vi } from "vitest";
import { sampleOf, isWhole } from "../../../../test/harness/sample.ts";
import { ACTS, crash, perform, pointsOf, prepare, statesAround, tryPoint } from "./crash.ts";
import type { ReviewRoom } from "./review-room.ts";

/** Points of each act in a sample. */
const POINTS = 1;

describe.each(ACTS)("%s", (act) => {
  test("[W-8, W-9] a death at any step leaves the act done or undone, and its repetition does it once", async () => {
    const around = await statesAround(act);
    for (const point of sampleOf(pointsOf(act), POINTS)) {
      const { isHit, violations } = await tryPoint(act, point, around);
      expect(violations).toEqual([]);
      expect(isHit, point).toBe(true);
    }
  });
});

test("[W-8] after a crash a file that is neither old nor new stops the act, and nothing is touched", async () => {
  await using room = await prepare("apply");
  expect(await crash(room, "apply", "changes.apply.file:2")).toBe(true);
  await writeFile(join(room.project, "a.txt"), "somebody else's\n");
  const files = await room.picture();
  await room.openStore();
  await room.review.recover();
  expect(await room.picture()).toEqual(files);
  const { items } = await room.review.operations(room.workspace.id);
  expect(items).toMatchObject([{ kind: "apply", state: "conflict", paths: ["a.txt"] }]);
  await expect(perform(room, "apply")).rejects.toMatchObject({
    code: "CHANGES_CONFLICT",
    data: { paths: ["a.txt"] },
  });
  expect(await readFile(join(room.project, "a.txt"), "utf8")).toBe("somebody else's\n");
  expect(await room.changes()).toHaveLength(4);
});

test("[W-9] recovery ends what was left even when its directory is gone", async () => {
  await using room = await prepare("reject");
  expect(await crash(room, "reject", "changes.reject.planned")).toBe(true);
  await room.write(room.root, { worktrees: null });
  await room.openStore();
  await room.review.recover();
  expect((await room.review.operations(room.workspace.id)).items).toMatchObject([{ state: "conflict" }]);
});

/** Takes an object out of the repository, as a broken disk would. */
async function lose(room: ReviewRoom, revision: string): Promise<void> {
  const id = room.git(["rev-parse", revision]);
  await rm(join(room.project, ".git", "objects", id.slice(0, 2), id.slice(2)));
}

test.runIf(isWhole)("[W-8] an act that cannot go on after a crash goes back", async () => {
  await using room = await prepare("apply");
  const { after } = await room.change("a.txt");
  expect(await crash(room, "apply", "changes.apply.file:2")).toBe(true);
  await room.openStore();
  await lose(room, after?.blob ?? "");
  await room.review.recover();
  expect(await room.picture()).toEqual(await pictureBefore());
  expect(await room.store.listOperations({ workspaceId: room.workspace.id, limit: 9 })).toMatchObject([
    { kind: "apply", state: "undone" },
    { kind: "create" },
  ]);
});

const pictureBefore = async () => {
  await using room = await prepare("apply");
  return await room.picture();
};

test("[W-8, W-9] what can go neither way ends as a conflict after some tries, and keeps nobody out for ever", async () => {
  await using room = await prepare("apply");
  const { after } = await room.change("a.txt");
  expect(await crash(room, "apply", "changes.apply.file:2")).toBe(true);
  for (const revision of [after?.blob ?? "", "HEAD:old.txt"]) await lose(room, revision);
  // Minutes of waiting in a moment.
  room.clock = { ...systemClock, after: (ms, run) => systemClock.after(ms / 1_000, run) };
  await room.openStore();
  await room.review.recover();
  const state = async () => (await room.review.operations(room.workspace.id)).items[0]?.state;
  await vi.waitUntil(async () => (await state()) !== "running", { interval: 50 });
  expect(await state()).toBe("conflict");
  await expect(perform(room, "apply")).rejects.toMatchObject({ code: "CHANGES_CONFLICT" });
});

test.runIf(isWhole)(
  "[W-9] when the rows cannot be written the files go back, and the key can be tried again",
  async () => {
    await using room = await prepare("apply");
    const [files, git] = [await room.picture(), room.git(["for-each-ref", "refs/holdfast/base"])];
    const failing = vi
      .spyOn(room.store, "commitReview")
      .mockRejectedValue(new HoldfastError("STORAGE_UNAVAILABLE", "The store cannot write now."));
    await expect(perform(room, "apply")).rejects.toMatchObject({ code: "STORAGE_UNAVAILABLE" });
    expect(await room.picture()).toEqual(files);
    expect(room.git(["for-each-ref", "refs/holdfast/base"])).toBe(git);
    expect(room.git(["for-each-ref", "refs/holdfast/op"])).toBe("");
    failing.mockRestore();
    await perform(room, "apply");
    expect(await room.changes()).toEqual([]);
  },
);
