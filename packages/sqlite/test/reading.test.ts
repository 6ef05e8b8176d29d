import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { codeOf, gate, openLedger, recordingLogger, temporaryDirectory } from "./runner-fixture.ts";

const balance = "SELECT balance FROM account WHERE name = ?";

describe("reader of the calling thread", () => {
  test("[D-34] sees what was answered, and inside a snapshot one state only", async () => {
    const directory = temporaryDirectory();
    const runner = await openLedger({ directory });
    await runner.run("add", { account: "a", amount: 1 });
    expect(runner.reader.get(balance, ["a"])).toMatchObject({ balance: 1 });
    expect(runner.reader.get(balance, ["nobody"])).toBeUndefined();
    const other = new DatabaseSync(join(directory, "ledger.db"));
    const seen = runner.reader.snapshot(() => {
      const first = runner.reader.get<{ balance: number }>(balance, ["a"])?.balance;
      other.exec("UPDATE account SET balance = 50");
      return [
        first,
        runner.reader.snapshot(() => runner.reader.get<{ balance: number }>(balance, ["a"])?.balance),
      ];
    });
    other.close();
    expect(seen).toEqual([1, 1]);
    expect(runner.reader.get(balance, ["a"])).toMatchObject({ balance: 50 });
  });

  test("[D-24] a snapshot is never held across an await, and ends when its work throws", async () => {
    const runner = await openLedger();
    expect(() => runner.reader.snapshot(async () => Promise.resolve(1))).toThrow("across an await");
    expect(() => runner.reader.snapshot(() => runner.reader.all("SELECT * FROM nowhere"))).toThrow("nowhere");
    await runner.run("add", { account: "a", amount: 1 });
    expect(runner.reader.snapshot(() => runner.reader.get(balance, ["a"]))).toMatchObject({ balance: 1 });
  });

  test("[D-1] cannot write, and binds its values", async () => {
    const runner = await openLedger();
    expect(() => runner.reader.all("INSERT INTO entry (text) VALUES ('x') RETURNING id")).toThrow("readonly");
    const hostile = "a'; DROP TABLE account; --";
    await runner.run("add", { account: hostile, amount: 4 });
    expect(runner.reader.get(balance, [hostile])).toMatchObject({ balance: 4 });
  });
});

describe("reader thread", () => {
  test("[D-34] runs the module's queries, read-only, with their refusals", async () => {
    const runner = await openLedger();
    await runner.run("add", { account: "a", amount: 1 });
    expect(await runner.query("balances", {})).toEqual([{ name: "a", balance: 1 }]);
    expect(await codeOf(runner.query("refuse", {}))).toBe("NOT_FOUND");
    expect(await codeOf(runner.query("noSuchQuery", {}))).toBe("INTERNAL");
    expect(await codeOf(runner.query("write", {}))).toBe("STORAGE_UNAVAILABLE");
    expect(await codeOf(runner.query("balances", { bad: () => undefined }))).toBe("INTERNAL");
    expect(runner.reader.all("SELECT * FROM entry")).toEqual([]);
  });

  test("[D-34] a reader that died or outlived its deadline is a 503, and the next query has a new one", async () => {
    const runner = await openLedger();
    await runner.run("add", { account: "a", amount: 1 });
    const outcomes = await Promise.allSettled([runner.query("die", {}), runner.query("balances", {})]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(["rejected", "rejected"]);
    expect(await runner.query("balances", {})).toEqual([{ name: "a", balance: 1 }]);
    const { cell, open } = gate();
    const slow = runner.query("wait", { gate: cell }, { deadlineMs: 50 });
    expect(await codeOf(slow)).toBe("STORAGE_UNAVAILABLE");
    open();
    expect(await runner.query("balances", {})).toEqual([{ name: "a", balance: 1 }]);
  });

  test("[D-24] a reader that does not move never slows the writer", async () => {
    const runner = await openLedger();
    const { cell, reached, open } = gate();
    const reading = runner.query("wait", { gate: cell });
    await reached();
    for (let at = 1; at <= 50; at += 1) {
      expect(await runner.run("add", { account: "a", amount: 1 })).toBe(at);
    }
    open();
    expect(await reading).toBe("ok");
  });

  test("[D-38] a copy of a live database is consistent and whole", async () => {
    const directory = temporaryDirectory();
    const runner = await openLedger({ directory });
    await runner.run("write", { text: "before" });
    const target = join(directory, "backup.db");
    const writes = Array.from({ length: 20 }, (_, at) => runner.run("write", { text: `during ${at}` }));
    await Promise.all([runner.copyTo(target), ...writes]);
    const copy = new DatabaseSync(target, { readOnly: true });
    expect(copy.prepare("PRAGMA integrity_check").get()).toMatchObject({ integrity_check: "ok" });
    expect(copy.prepare("SELECT text FROM entry WHERE id = 1").get()).toMatchObject({ text: "before" });
    copy.close();
    await runner.copyTo(target);
    expect(await codeOf(runner.copyTo(join(directory, "no such directory", "backup.db")))).toBe(
      "STORAGE_UNAVAILABLE",
    );
  });
});

describe("write-ahead log", () => {
  const WRITES = 30;
  const text = "x".repeat(3_000_000);

  test("[D-26] stays small without a reader in the way", async () => {
    const { logger, lines } = recordingLogger();
    const runner = await openLedger({ logger });
    for (let at = 0; at < WRITES; at += 1) await runner.run("write", { text });
    const { log } = await runner.checkpoint();
    expect(log).toBe(0);
    expect(lines).toEqual([]);
  });

  test("[D-26] from 64 MB on a warning names the reader in the way, and the log is cut back when it is gone", async () => {
    const { logger, lines } = recordingLogger();
    const directory = temporaryDirectory();
    const runner = await openLedger({ logger, directory });
    const { cell, reached, open } = gate();
    const reading = runner.query("wait", { gate: cell });
    await reached();
    for (let at = 0; at < WRITES; at += 1) await runner.run("write", { text });
    expect(lines[0]).toMatchObject({ level: "warn", fields: { truncated: false, readers: ["wait"] } });
    expect(lines.length).toBeLessThan(10);
    expect(await runner.checkpoint()).toMatchObject({ busy: true });
    open();
    await reading;
    expect(await runner.checkpoint()).toEqual({ busy: false, log: 0, checkpointed: 0 });
  });
});
