import { newId } from "@holdfast/kernel";
import { expect, test } from "vitest";
import { branchOf, lockReasonOf, pathOf, readLockReason, slugOf } from "./names.ts";

test.each([
  ["My Project", "my-project"],
  ["Größe", "gro-e"],
  ["..", "work"],
  ["--a--", "a"],
  ["x".repeat(80), "x".repeat(32)],
  [`${"y".repeat(31)} z`, "y".repeat(31)],
])("[W-2] %s makes the path and branch name %s", (name, slug) => {
  expect(slugOf(name.normalize("NFKD").replaceAll("\u0308", ""))).toBe(slug);
});

test("[W-2] path and branch of a worktree are its own, and the lock names database and worktree", () => {
  const [one, other] = [newId("wkt"), newId("wkt")];
  expect(pathOf("/r", "/home/u/App", one)).toBe(`/r/app-${one.slice(-10)}`);
  expect(branchOf("/home/u/App", one)).not.toBe(branchOf("/home/u/App", other));
  expect(readLockReason(`${lockReasonOf("store1", one)}\n`)).toEqual({ storeId: "store1", worktreeId: one });
  for (const text of [
    undefined,
    "",
    "mine",
    "holdfast store1",
    "holdfast store1 wkt_x",
    `x ${lockReasonOf("s", one)}`,
  ])
    expect(readLockReason(text)).toBeUndefined();
});
