import { writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { DirectoryLockedError, lockDirectory } from "@holdfast/sqlite";
import { expect, test } from "vitest";
import { startChild } from "./child-process.ts";
import { temporaryDirectory } from "./runner-fixture.ts";

const self = { pid: process.pid, host: hostname(), startTime: 1_700_000_001_000 };

function refusalOf(directory: string): DirectoryLockedError {
  try {
    lockDirectory(directory, self).release();
  } catch (error) {
    if (error instanceof DirectoryLockedError) return error;
    throw error;
  }
  throw new Error("the lock was granted");
}

test("[D-17] a second process is refused with pid, host and start time of the first, until a kill -9 frees the directory", async () => {
  const directory = temporaryDirectory();
  const child = startChild(["lock", directory]);
  await child.until("locked");
  const refusal = refusalOf(directory);
  expect(refusal.owner).toEqual({ pid: child.pid, host: hostname(), startTime: 1_700_000_000_000 });
  expect(refusal.message).toContain(
    `process ${child.pid} on ${hostname()}, started 2023-11-14T22:13:20.000Z`,
  );
  await child.until("ready");
  expect(refusalOf(directory).owner?.pid).toBe(child.pid);
  child.kill("SIGKILL");
  await child.ended;
  lockDirectory(directory, self).release();
});

test("[D-17] the same process cannot hold a directory twice, and can again after release", () => {
  const directory = temporaryDirectory();
  const lock = lockDirectory(directory, self);
  expect(refusalOf(directory).owner).toEqual(self);
  lock.release();
  lock.release();
  const again = lockDirectory(directory, self);
  expect(refusalOf(directory).owner).toEqual(self);
  again.release();
});

test("[D-17] the facts of an owner that is dead are not taken for those of the living one", async () => {
  const directory = temporaryDirectory();
  const child = startChild(["lock", directory]);
  await child.until("ready");
  const gone = startChild(["no such mode", directory]);
  await gone.ended;
  writeFileSync(join(directory, "server.lock.json"), JSON.stringify({ ...self, pid: gone.pid }));
  expect(refusalOf(directory).owner).toBeUndefined();
  writeFileSync(join(directory, "server.lock.json"), "torn {");
  expect(refusalOf(directory).message).toContain("in use by another process");
  child.kill("SIGKILL");
  await child.ended;
});
