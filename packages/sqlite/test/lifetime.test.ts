import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { releaseReserve } from "@holdfast/sqlite";
import { describe, expect, test } from "vitest";
import { startChild } from "./child-process.ts";
import { codeOf, gate, LEDGER, openLedger, temporaryDirectory } from "./runner-fixture.ts";

describe("close", () => {
  test("[D-21] finishes what was accepted, refuses what comes after, and leaves one file", async () => {
    const directory = temporaryDirectory();
    const runner = await openLedger({ directory });
    const accepted = Array.from({ length: 50 }, () => runner.run<number>("add", { account: "a", amount: 1 }));
    const seen: number[] = [];
    runner.onNotes((notes) => {
      const row = runner.reader.get<{ balance: number }>("SELECT balance FROM account");
      seen.push(notes.length, row?.balance ?? 0);
    });
    const closing = runner.close();
    expect(await codeOf(runner.run("add", { account: "a", amount: 1 }))).toBe("SHUTTING_DOWN");
    expect(await codeOf(runner.query("balances", {}))).toBe("SHUTTING_DOWN");
    expect(await codeOf(runner.checkpoint())).toBe("SHUTTING_DOWN");
    expect((await Promise.all(accepted)).at(-1)).toBe(50);
    await Promise.all([closing, runner.close()]);
    expect(seen).toEqual([50, 50]);
    expect(readdirSync(directory)).toEqual(["ledger.db"]);
    const again = await openLedger({ directory });
    expect(again.reader.get("SELECT balance FROM account")).toMatchObject({ balance: 50 });
  });

  test("[D-21] lets a running query end", async () => {
    const runner = await openLedger();
    const { cell, reached, open } = gate();
    const reading = runner.query("wait", { gate: cell });
    await reached();
    const closing = runner.close();
    open();
    expect(await reading).toBe("ok");
    await closing;
  });
});

test("[D-33] a refused opening leaves nothing running", async () => {
  const directory = temporaryDirectory();
  await (await openLedger({ directory })).close();
  const child = startChild(["unknown-schema", directory]);
  const { code, stderr } = await child.ended;
  expect(stderr).toBe("");
  expect(child.lines()).toEqual(["refused STORAGE_UNAVAILABLE"]);
  expect(code).toBe(0);
});

describe("directory", () => {
  test("[D-34] is created for the owner alone, with its parents", async () => {
    const directory = join(temporaryDirectory(), "a", "b");
    const runner = await openLedger({ directory });
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    await runner.close();
  });

  test("[D-34] holds a reserve of real bytes that can be given back once", async () => {
    const directory = temporaryDirectory();
    const runner = await openLedger({ directory, diskReserveBytes: 16_777_216 });
    const reserve = statSync(join(directory, "reserve"));
    expect(reserve.size).toBe(16_777_216);
    expect(reserve.blocks * 512).toBeGreaterThanOrEqual(16_777_216);
    expect(runner.releaseReserve()).toBe(true);
    expect(existsSync(join(directory, "reserve"))).toBe(false);
    expect(runner.releaseReserve()).toBe(false);
    await runner.close();
    const again = await openLedger({ directory, diskReserveBytes: 1_000_000 });
    expect(statSync(join(directory, "reserve")).size).toBe(1_000_000);
    expect(releaseReserve(directory)).toBe(true);
    await again.close();
  });

  test("[D-34] a file name with a path in it is refused", async () => {
    const directory = temporaryDirectory();
    for (const file of ["../ledger.db", "a/b.db", ""]) {
      await expect(openLedger({ directory, file, module: LEDGER })).rejects.toThrow(RangeError);
    }
  });
});
