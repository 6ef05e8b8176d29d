import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { openLedger, recordingLogger, temporaryDirectory } from "./runner-fixture.ts";

describe("notes", () => {
  test("[D-1] notes go out after the commit and before the answer, in order, never for a failed command", async () => {
    const runner = await openLedger();
    let answered = false;
    const seen: unknown[] = [];
    runner.onNotes((notes) => {
      const stored = runner.reader.get<{ balance: number }>("SELECT balance FROM account WHERE name = 'a'");
      seen.push({ notes, stored: stored?.balance, answered });
    });
    const first = runner.run("add", { account: "a", amount: 1, note: "one" }).then(() => (answered = true));
    const refused = runner
      .run("add", { account: "a", amount: 5, fail: true, note: "never" })
      .catch(() => undefined);
    const last = runner.run("add", { account: "a", amount: 2, note: "two" });
    await Promise.all([first, refused, last]);
    expect(seen).toEqual([{ notes: ["one", "two"], stored: 3, answered: false }]);
    await runner.run("add", { account: "a", amount: 5, fail: true, note: "never" }).catch(() => undefined);
    expect(seen).toHaveLength(1);
  });

  test("[D-1] nothing is told of a group whose commit is refused", async () => {
    const runner = await openLedger();
    const told: unknown[] = [];
    runner.onNotes((notes) => told.push(...notes));
    const results = await Promise.allSettled([
      // The reference is looked at in COMMIT, which refuses it; alone again, the command is refused by itself.
      runner.run("pragma", { name: "defer_foreign_keys = ON" }),
      runner.run("own", { account: "nobody", note: "never" }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    await runner.run("add", { account: "a", amount: 1, note: "last" });
    expect(told).toEqual(["last"]);
  });

  test("[D-2] a listener that throws keeps nothing from the others, and a listener can leave", async () => {
    const { logger, lines } = recordingLogger();
    const runner = await openLedger({ logger });
    const seen: unknown[] = [];
    runner.onNotes(() => {
      throw new Error("a broken listener");
    });
    const leave = runner.onNotes((notes) => seen.push(...notes));
    await runner.run("add", { account: "a", amount: 1, note: 1 });
    leave();
    await runner.run("add", { account: "a", amount: 1, note: 2 });
    expect(seen).toEqual([1]);
    expect(lines.map((line) => line.level)).toEqual(["error", "error"]);
  });
});

describe("memory", () => {
  const remember = (runner: Awaited<ReturnType<typeof openLedger>>, word: string, fail = false) =>
    runner.run<string | undefined>("remember", { word, fail });

  test("[D-34] what a command remembers is there for the next, in its group and in later ones", async () => {
    const runner = await openLedger();
    expect(await Promise.all([remember(runner, "one"), remember(runner, "two")])).toEqual([undefined, "one"]);
    expect(await remember(runner, "three")).toBe("two");
  });

  test("[D-34] a command that fails, alone or among others, takes everything remembered with it", async () => {
    const runner = await openLedger();
    await remember(runner, "one");
    await expect(remember(runner, "refused", true)).rejects.toThrow("refused");
    expect(await remember(runner, "two")).toBeUndefined();
    const [, , last] = await Promise.allSettled([
      remember(runner, "three"),
      remember(runner, "refused", true),
      remember(runner, "four"),
    ]);
    expect(last).toEqual({ status: "fulfilled", value: undefined });
  });

  test("[D-34] a commit that is refused takes it too", async () => {
    const runner = await openLedger();
    await remember(runner, "one");
    await Promise.allSettled([
      runner.run("pragma", { name: "defer_foreign_keys = ON" }),
      remember(runner, "two"),
      runner.run("own", { account: "nobody" }),
    ]);
    // The group ran again, one by one, on an empty memory; the refused command was the last and emptied it once more.
    expect(await remember(runner, "three")).toBeUndefined();
  });

  test("[D-34] when another connection has written, everything is forgotten", async () => {
    const directory = temporaryDirectory();
    const runner = await openLedger({ directory });
    await remember(runner, "one");
    const other = new DatabaseSync(join(directory, "ledger.db"));
    other.exec("INSERT INTO entry (text) VALUES ('from elsewhere')");
    other.close();
    expect(await remember(runner, "two")).toBeUndefined();
    expect(await remember(runner, "three")).toBe("two");
  });
});

describe("coalescing", () => {
  const grown = "SELECT name, text, writes FROM growing ORDER BY name";

  test("[D-12] neighbours that may merge run as one and all get its result", async () => {
    const runner = await openLedger();
    const notes: unknown[] = [];
    runner.onNotes((group) => notes.push(...group));
    const results = await Promise.all(["a", "b", "c"].map((text) => runner.run("grow", { name: "p", text })));
    expect(results).toEqual(["abc", "abc", "abc"]);
    expect(runner.reader.all(grown)).toMatchObject([{ name: "p", text: "abc", writes: 1 }]);
    expect(notes).toEqual([{ grew: "p", text: "abc" }]);
    expect(runner.stats()).toEqual({ groups: 1, commands: 3 });
  });

  test("[D-12] a command between them, or another target, keeps them apart", async () => {
    const runner = await openLedger();
    const results = await Promise.all([
      runner.run("grow", { name: "p", text: "a" }),
      runner.run("add", { account: "a", amount: 1 }),
      runner.run("grow", { name: "p", text: "b" }),
      runner.run("grow", { name: "q", text: "c" }),
      runner.run("grow", { name: "p", text: "d" }),
    ]);
    expect(results).toEqual(["a", 1, "ab", "c", "abd"]);
    expect(runner.reader.all(grown)).toMatchObject([
      { name: "p", text: "abd", writes: 3 },
      { name: "q", text: "c", writes: 1 },
    ]);
  });

  test("[D-34] a merged command that fails is taken apart, so that each fails alone", async () => {
    const runner = await openLedger();
    const results = await Promise.allSettled([
      runner.run("grow", { name: "p", text: "a" }),
      runner.run("grow", { name: "p", text: "!" }),
      runner.run("grow", { name: "p", text: "b" }),
    ]);
    expect(results).toMatchObject([{ value: "a" }, { reason: { code: "CONFLICT" } }, { value: "ab" }]);
    expect(runner.reader.all(grown)).toMatchObject([{ text: "ab", writes: 2 }]);
  });

  test("[D-34] merged commands are also taken apart when a full disk makes the group run again", async () => {
    const runner = await openLedger();
    await runner.run("limitPages", { spare: 4 });
    const results = await Promise.allSettled([
      runner.run("grow", { name: "p", text: "a" }),
      runner.run("grow", { name: "p", text: "b".repeat(1_000_000) }),
      runner.run("grow", { name: "p", text: "c" }),
    ]);
    expect(results).toMatchObject([
      { value: "a" },
      { reason: { code: "STORAGE_UNAVAILABLE" } },
      { value: "ac" },
    ]);
  });
});
