import { expect, test } from "vitest";
import { temporaryDirectory } from "../harness/index.ts";
import { amount } from "../harness/sample.ts";
import { trialsOf, worktreeFaults } from "./worktree.ts";

/** So that some of each saga are tried; `npm run faults -- worktree` tries them all. */
const EVERY = amount(73, 1);

test("[W-2, W-11, W-15] a death in the middle of any act on a worktree loses nothing and leaves nothing half-done", async () => {
  await using root = await temporaryDirectory("worktree-faults");
  const report = await worktreeFaults({
    root: root.path,
    every: EVERY,
    random: 1,
    seed: 20_261_121,
    say: () => undefined,
  });
  expect(report.violations).toEqual([]);
  expect(report.tried).toBe(trialsOf({ every: EVERY, random: 1 }).length);
});
