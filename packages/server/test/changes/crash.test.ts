import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ACTS, crash, perform, pointsOf, prepare, statesAround, tryPoint } from "./crash.ts";

/** Every how manieth point is tried here; `npm run faults -- worktree` tries all. */
const EVERY = 8;

describe.each(ACTS)("%s", (act) => {
  test("[W-8, W-9] a death at any step leaves the act done or undone, and its repetition does it once", async () => {
    const around = await statesAround(act);
    const points = pointsOf(act).filter((_, at) => at % EVERY === ACTS.indexOf(act) % EVERY);
    for (const point of points) {
      const { isHit, violations } = await tryPoint(act, point, around);
      expect(violations).toEqual([]);
      expect(isHit, point).toBe(true);
    }
  }, 120_000);
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
