import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isHoldfastError } from "@holdfast/kernel";
import { describe, expect, test } from "vitest";
import { codeOf, gate, openLedger, recordingLogger, temporaryDirectory } from "./runner-fixture.ts";

describe("groups", () => {
  test("[D-34] what is sent in one tick shares one commit and is answered in order", async () => {
    const runner = await openLedger();
    const order: number[] = [];
    const calls = Array.from({ length: 100 }, (_, at) =>
      runner.run<number>("add", { account: "a", amount: 1 }).then((balance) => order.push(balance) && at),
    );
    expect(runner.pending().commands).toBe(100);
    await Promise.all(calls);
    expect(order).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
    expect(runner.stats()).toEqual({ groups: 1, commands: 100 });
    expect(runner.pending()).toEqual({ commands: 0, bytes: 0 });
  });

  test("[D-12] what arrives during a commit is the next group", async () => {
    const runner = await openLedger();
    const { cell, reached, open } = gate();
    const blocking = runner.run("block", { gate: cell });
    await reached();
    const later: Promise<unknown>[] = [];
    for (let tick = 0; tick < 5; tick += 1) {
      later.push(runner.run("add", { account: "a", amount: 1 }));
      await Promise.resolve();
      await Promise.resolve();
    }
    open();
    await Promise.all([blocking, ...later]);
    expect(runner.stats()).toEqual({ groups: 2, commands: 6 });
  });

  test("[D-34] no group grows beyond its bound in commands or bytes", async () => {
    const runner = await openLedger();
    await Promise.all(Array.from({ length: 2_500 }, () => runner.run("add", { account: "a", amount: 1 })));
    expect(runner.stats().groups).toBe(3);
    const text = "x".repeat(3_000_000);
    await Promise.all(Array.from({ length: 6 }, () => runner.run("write", { text })));
    expect(runner.stats()).toEqual({ groups: 5, commands: 2_506 });
  });

  test("[D-34] the database is set up for durability and bounded growth", async () => {
    const runner = await openLedger();
    const pragma = (name: string) => runner.run("pragma", { name });
    expect(await pragma("synchronous")).toBe(2);
    expect(await pragma("journal_mode")).toBe("wal");
    expect(await pragma("auto_vacuum")).toBe(2);
    expect(await pragma("page_size")).toBe(16_384);
    expect(await pragma("foreign_keys")).toBe(1);
    expect(await pragma("fullfsync")).toBe(1);
    const relaxed = await openLedger({ synchronous: "NORMAL", pageSize: 4_096 });
    expect(await relaxed.run("pragma", { name: "synchronous" })).toBe(1);
    expect(await relaxed.run("pragma", { name: "page_size" })).toBe(4_096);
  });

  test("[D-34] a call that could not be answered in time because the store is behind is refused, not queued for ever", async () => {
    const runner = await openLedger();
    const { cell, reached, open } = gate();
    const blocking = runner.run("block", { gate: cell });
    await reached();
    const text = "x".repeat(50_000_000);
    const accepted = Array.from({ length: 6 }, () =>
      runner.run("grow", { name: "a", text: "", unused: text }),
    );
    expect(runner.pending().bytes).toBeGreaterThan(268_435_456);
    expect(await codeOf(runner.run("add", { account: "a", amount: 1 }))).toBe("STORAGE_UNAVAILABLE");
    open();
    await Promise.all([blocking, ...accepted]);
    expect(await runner.run("add", { account: "a", amount: 1 })).toBe(1);
  });
});

describe("failures", () => {
  test("[D-34] a refused command leaves nothing and takes nobody with it", async () => {
    const runner = await openLedger();
    const [before, refused, after] = await Promise.allSettled([
      runner.run("add", { account: "a", amount: 1 }),
      runner.run("add", { account: "a", amount: 100, fail: true }),
      runner.run("add", { account: "a", amount: 2 }),
    ]);
    expect([before, after]).toMatchObject([{ value: 1 }, { value: 3 }]);
    expect(runner.stats()).toEqual({ groups: 1, commands: 2 });
    const reason: unknown = refused.status === "rejected" ? refused.reason : undefined;
    expect(isHoldfastError(reason, "CONFLICT")).toBe(true);
    expect(reason).toMatchObject({
      message: "The account a refuses.",
      data: { account: "a" },
      issues: [{ path: "amount", message: "refused" }],
    });
  });

  test("[D-34] the only command of a group is undone when it fails", async () => {
    const runner = await openLedger();
    expect(await codeOf(runner.run("add", { account: "a", amount: 100, fail: true }))).toBe("CONFLICT");
    expect(runner.stats()).toEqual({ groups: 0, commands: 0 });
    expect(await runner.run("add", { account: "a", amount: 1 })).toBe(1);
  });

  test("[D-34] a bug in a command is INTERNAL, its text goes to the log only, and nothing of it is stored", async () => {
    const { logger, lines } = recordingLogger();
    const runner = await openLedger({ logger });
    const error: unknown = await runner.run("throwBug", {}).catch((reason: unknown) => reason);
    expect(isHoldfastError(error, "INTERNAL")).toBe(true);
    expect((error as Error).message).not.toContain("secret");
    expect(lines).toMatchObject([
      { level: "error", fields: { command: "throwBug", error: "the secret text of a bug" } },
    ]);
    expect(await codeOf(runner.run("noSuchCommand", {}))).toBe("INTERNAL");
    expect(await codeOf(runner.run("toString", {}))).toBe("INTERNAL");
    expect(runner.reader.all("SELECT * FROM entry")).toEqual([]);
  });

  test("[D-34] a command can neither be asynchronous nor end the group's transaction", async () => {
    const runner = await openLedger();
    const results = await Promise.allSettled([
      runner.run("write", { text: "kept" }),
      runner.run("promise", {}),
      runner.run("commitInside", {}),
    ]);
    expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(runner.reader.all("SELECT text FROM entry")).toMatchObject([{ text: "kept" }]);
    expect(runner.stats()).toEqual({ groups: 1, commands: 1 });
  });

  test("[D-37] a reference to a row that does not exist is refused", async () => {
    const runner = await openLedger();
    expect(await codeOf(runner.run("own", { account: "nobody" }))).toBe("INTERNAL");
    await runner.run("add", { account: "a", amount: 1 });
    await runner.run("own", { account: "a" });
    expect(runner.reader.all("SELECT account FROM owner")).toMatchObject([{ account: "a" }]);
  });

  test("[D-37] references are also watched in a database that had nothing to migrate", async () => {
    const directory = temporaryDirectory();
    await (await openLedger({ directory })).close();
    const again = await openLedger({ directory });
    expect(await codeOf(again.run("own", { account: "nobody" }))).toBe("INTERNAL");
  });

  test("[D-34] arguments and results that cannot cross the thread fail their own call only", async () => {
    const runner = await openLedger();
    const results = await Promise.allSettled([
      runner.run("add", { account: "a", amount: 1 }),
      runner.run("add", { account: "a", amount: 100, note: () => undefined }),
      runner.run("unclonable", {}),
      runner.run("add", { account: "a", amount: 2 }),
    ]);
    expect(results).toMatchObject([
      { value: 1 },
      { reason: { code: "INTERNAL" } },
      { reason: { code: "INTERNAL" } },
      { value: 3 },
    ]);
    expect(runner.pending()).toEqual({ commands: 0, bytes: 0 });
  });

  test("[D-34] when a full disk takes the group's transaction away, each command runs again alone", async () => {
    const runner = await openLedger();
    await runner.run("limitPages", { spare: 4 });
    const groups = runner.stats().groups;
    const notes: unknown[] = [];
    runner.onNotes((group) => notes.push(...group));
    const results = await Promise.allSettled([
      runner.run("add", { account: "a", amount: 1 }),
      runner.run("write", { text: "x".repeat(1_000_000) }),
      runner.run("add", { account: "a", amount: 10, fail: true }),
      runner.run("add", { account: "a", amount: 2 }),
    ]);
    expect(results).toMatchObject([
      { value: 1 },
      { reason: { code: "STORAGE_UNAVAILABLE", message: "The store cannot write now: the disk is full." } },
      { reason: { code: "CONFLICT" } },
      { value: 3 },
    ]);
    expect(runner.stats().groups - groups).toBe(2);
    expect(notes).toEqual([
      { account: "a", amount: 1 },
      { account: "a", amount: 2 },
    ]);
    await runner.run("limitPages", { spare: -1 });
    expect(await runner.run("write", { text: "x".repeat(1_000_000) })).toBe(1);
  });

  test("[D-34] a read-only database is 503, and reading goes on", async () => {
    const runner = await openLedger();
    await runner.run("write", { text: "a" });
    await runner.run("pragma", { name: "query_only = ON" });
    const refused = await Promise.allSettled([
      runner.run("write", { text: "b" }),
      runner.run("write", { text: "c" }),
    ]);
    expect(refused).toMatchObject([
      { reason: { code: "STORAGE_UNAVAILABLE" } },
      { reason: { code: "STORAGE_UNAVAILABLE" } },
    ]);
    expect(runner.reader.all("SELECT text FROM entry")).toMatchObject([{ text: "a" }]);
  });

  test("[D-34] a write lock held by another program is 503 after the busy time, and the next try succeeds", async () => {
    const directory = temporaryDirectory();
    const runner = await openLedger({ directory });
    const other = new DatabaseSync(join(directory, "ledger.db"));
    other.exec("BEGIN IMMEDIATE");
    expect(await codeOf(runner.run("write", { text: "a" }))).toBe("STORAGE_UNAVAILABLE");
    other.close();
    expect(await runner.run("write", { text: "a" })).toBe(1);
  });
});
