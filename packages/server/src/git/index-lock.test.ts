import { existsSync } from "node:fs";
import { mkdtemp, open, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@holdfast/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { settleIndexLock } from "./index-lock.ts";

describe("index.lock of a worktree of ours", () => {
  let admin: string;
  let lock: string;
  const settle = (waitMs = 300) => settleIndexLock(admin, systemClock, waitMs);
  beforeEach(async () => {
    admin = await mkdtemp(join(tmpdir(), "holdfast-index-"));
    lock = join(admin, "index.lock");
  });
  afterEach(() => rm(admin, { recursive: true, force: true }));

  test("[W-14] without one nothing is waited for", async () => {
    expect(await settle(60_000)).toBe("clear");
  });

  test("[W-14] one that stays the same and that nobody has open goes", async () => {
    await writeFile(lock, "");
    expect(await settle()).toBe("removed");
    expect(existsSync(lock)).toBe(false);
  });

  test("[W-14] one that a process has open stays", async () => {
    const handle = await open(lock, "w");
    expect(await settle()).toBe("held");
    expect(existsSync(lock)).toBe(true);
    await handle.close();
  });

  test("[W-14] one that changes meanwhile stays, and one that is given back is waited for", async () => {
    await writeFile(lock, "");
    const changing = settle(60_000);
    await writeFile(lock, "index");
    expect(await changing).toBe("held");
    const waiting = settle(60_000);
    await unlink(lock);
    expect(await waiting).toBe("clear");
  });
});
