import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { isHoldfastError, systemClock } from "@holdfast/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LOCK_FILE, RepositoryLocks } from "./repository-lock.ts";

describe("the lock of a repository", () => {
  let directory: string;
  const locks = (waitMs: number) =>
    new RepositoryLocks({
      clock: systemClock,
      startTime: (pid) => Promise.resolve(pid === process.pid ? "now" : undefined),
      waitMs,
    });
  const leaveFile = (owner: object) =>
    writeFile(join(directory, LOCK_FILE), JSON.stringify({ nonce: "n", ...owner }));

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "holdfast-lock-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test("[W-2] one holder at a time, in one process and between two, and nothing is left", async () => {
    const rooms = [locks(10_000), locks(10_000)];
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await readdir(directory);
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 20 }, async (_, at) => rooms[at % 2]?.hold(directory, work)));
    expect(most).toBe(1);
    expect(await readdir(directory)).toEqual([]);
  });

  test("[W-2] a dead owner's lock is taken over; also one whose pid another process has now", async () => {
    await leaveFile({ pid: 1_999_999, startTime: "1", host: hostname() });
    expect(await locks(1_000).hold(directory, () => Promise.resolve("in"))).toBe("in");
    await leaveFile({ pid: process.pid, startTime: "before", host: hostname() });
    expect(await locks(1_000).hold(directory, () => Promise.resolve("in"))).toBe("in");
  });

  test("[W-2] a lock that names nobody, as a loss of power leaves it, is taken over once it is old", async () => {
    const file = join(directory, LOCK_FILE);
    await writeFile(file, "");
    await expect(locks(120).hold(directory, () => Promise.resolve())).rejects.toThrow("somebody");
    await utimes(file, 1, 1);
    expect(await locks(1_000).hold(directory, () => Promise.resolve("in"))).toBe("in");
    expect(await readdir(directory)).toEqual([]);
  });

  test.each([
    ["a living process", { pid: process.pid, startTime: "now", host: hostname() }],
    ["another machine", { pid: 1, startTime: "", host: "elsewhere.invalid" }],
  ])("[W-2] waiting for %s ends with a typed refusal", async (_name, owner) => {
    await leaveFile(owner);
    const refusal: unknown = await locks(120)
      .hold(directory, () => Promise.resolve())
      .catch((error: unknown) => error);
    expect(isHoldfastError(refusal, "WORKSPACE_BUSY")).toBe(true);
    expect(await readdir(directory)).toEqual([LOCK_FILE]);
  });

  test("[W-2] work that fails gives the lock back", async () => {
    await expect(locks(100).hold(directory, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await locks(100).hold(directory, () => Promise.resolve("in"))).toBe("in");
  });
});
