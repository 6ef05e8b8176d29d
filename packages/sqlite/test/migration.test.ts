import { createHash } from "node:crypto";
import { existsSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers/promises";
import type { Migration } from "@holdfast/sqlite";
import { describe, expect, test } from "vitest";
import { codeOf, moduleOf, openLedger, temporaryDirectory } from "./runner-fixture.ts";

const ONE = {
  version: 1,
  name: "one",
  sql: "CREATE TABLE thing (id INTEGER PRIMARY KEY, text TEXT NOT NULL)",
};
const TWO = { version: 2, name: "two", sql: "ALTER TABLE thing ADD COLUMN size INTEGER NOT NULL DEFAULT 7" };
const DAY_MS = 24 * 60 * 60 * 1000;

function schema(migrations: Migration[], opened = ""): URL {
  return moduleOf(`export default {
    migrations: ${JSON.stringify(migrations)},
    commands: {
      put: (tx, { text }) => Number(tx.prepare("INSERT INTO thing (text) VALUES (?)").run(text).lastInsertRowid),
    },
    ${opened}
  }`);
}

async function databaseWithOneRow(): Promise<string> {
  const directory = temporaryDirectory();
  const runner = await openLedger({ directory, module: schema([ONE]) });
  await runner.run("put", { text: "kept" });
  await runner.close();
  return directory;
}

const applied = "SELECT version, name, checksum FROM holdfast_migration ORDER BY version";
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

describe("migrations", () => {
  test("[D-33] are applied in order, recorded with a checksum, and not applied again", async () => {
    const directory = temporaryDirectory();
    for (let opening = 0; opening < 2; opening += 1) {
      const runner = await openLedger({ directory, module: schema([ONE, TWO]) });
      expect(runner.reader.all(applied)).toMatchObject([
        { version: 1, name: "one", checksum: sha256(ONE.sql) },
        { version: 2, name: "two", checksum: sha256(TWO.sql) },
      ]);
      expect(runner.reader.get("PRAGMA user_version")).toMatchObject({ user_version: 2 });
      await runner.close();
    }
    expect(readdirSync(directory)).toEqual(["ledger.db"]);
  });

  test("[D-33] a copy of the old state stands beside a migrated database, and copies older than 7 days go", async () => {
    const directory = await databaseWithOneRow();
    const [old, recent, unfinished] = [
      "ledger.db.v0.copy",
      "ledger.db.v7.copy",
      "ledger.db.v1.copy.999999999-1.partial",
    ];
    for (const name of [old, recent, unfinished, "ledger.db.vacation.copy"])
      writeFileSync(join(directory, name), "");
    const now = Date.now();
    utimesSync(join(directory, old), new Date(now - 8 * DAY_MS), new Date(now - 8 * DAY_MS));
    utimesSync(join(directory, recent), new Date(now - 6 * DAY_MS), new Date(now - 6 * DAY_MS));
    const runner = await openLedger({ directory, module: schema([ONE, TWO]) });
    expect(runner.reader.all("SELECT text, size FROM thing")).toMatchObject([{ text: "kept", size: 7 }]);
    await runner.close();
    expect(readdirSync(directory).sort()).toEqual([
      "ledger.db",
      "ledger.db.v1.copy",
      "ledger.db.v7.copy",
      "ledger.db.vacation.copy",
    ]);
    const copy = new DatabaseSync(join(directory, "ledger.db.v1.copy"), { readOnly: true });
    expect(copy.prepare("SELECT * FROM thing").all()).toMatchObject([{ id: 1, text: "kept" }]);
    expect(copy.prepare("PRAGMA user_version").get()).toMatchObject({ user_version: 1 });
    copy.close();
  });

  test("[D-33] a failing migration leaves the version before it, and the corrected program goes on", async () => {
    const directory = await databaseWithOneRow();
    const half = { version: 2, name: "half", sql: `${TWO.sql}; INSERT INTO nowhere VALUES (1)` };
    const ending = { version: 2, name: "ending", sql: `${TWO.sql}; COMMIT; BEGIN; COMMIT` };
    await expect(openLedger({ directory, module: schema([ONE, half]) })).rejects.toThrow("nowhere");
    const runner = await openLedger({ directory, module: schema([ONE, TWO]) });
    expect(runner.reader.get("SELECT size FROM thing")).toMatchObject({ size: 7 });
    await runner.close();
    const other = await databaseWithOneRow();
    await expect(openLedger({ directory: other, module: schema([ONE, ending]) })).rejects.toThrow(
      "ended its transaction",
    );
  });

  test("[D-37] a migration that leaves rows pointing to nothing is undone", async () => {
    const directory = await databaseWithOneRow();
    const dangling = {
      version: 2,
      name: "dangling",
      sql: "CREATE TABLE part (thing INTEGER NOT NULL REFERENCES thing (id)); INSERT INTO part VALUES (99)",
    };
    await expect(openLedger({ directory, module: schema([ONE, dangling]) })).rejects.toThrow(
      "point to nothing",
    );
    const runner = await openLedger({ directory, module: schema([ONE]) });
    expect(runner.reader.all(applied)).toHaveLength(1);
  });

  test.for([
    ["a changed text", [{ ...ONE, sql: `${ONE.sql} STRICT` }, TWO], "checksum differs"],
    ["a newer database", [ONE], "schema version 2, newer than the 1"],
    [
      "an unknown step",
      [
        { ...ONE, version: 3 },
        { ...TWO, version: 4 },
      ],
      "does not know",
    ],
    ["a step that came late", [ONE, { ...TWO, version: 2 }], undefined],
  ] as [string, Migration[], string | undefined][])(
    "[D-33] %s is refused or accepted with its reason",
    async ([, known, reason]) => {
      const directory = await databaseWithOneRow();
      await (await openLedger({ directory, module: schema([ONE, TWO]) })).close();
      const opening = openLedger({ directory, module: schema(known) });
      if (reason === undefined) return void (await opening);
      await expect(opening).rejects.toThrow(reason);
      expect(await codeOf(openLedger({ directory, module: schema(known) }))).toBe("STORAGE_UNAVAILABLE");
    },
  );

  test("[D-33] a step missing below the version reached is refused", async () => {
    const directory = temporaryDirectory();
    await (await openLedger({ directory, module: schema([ONE, { ...TWO, version: 3 }]) })).close();
    const between = { version: 2, name: "between", sql: "CREATE TABLE between_two (id INTEGER)" };
    await expect(
      openLedger({ directory, module: schema([ONE, between, { ...TWO, version: 3 }]) }),
    ).rejects.toThrow("never got migration 2");
  });

  test("[D-33] a database of another program is left alone", async () => {
    const directory = temporaryDirectory();
    const foreign = new DatabaseSync(join(directory, "ledger.db"));
    foreign.exec("CREATE TABLE theirs (id INTEGER)");
    await expect(openLedger({ directory })).rejects.toThrow("database of another program");
    expect(foreign.prepare("SELECT name FROM sqlite_schema").all()).toMatchObject([{ name: "theirs" }]);
    foreign.close();
  });

  test("[D-33] two openings at once apply each migration once", async () => {
    for (let round = 0; round < 5; round += 1) {
      const directory = round % 2 === 0 ? temporaryDirectory() : await databaseWithOneRow();
      const runners = await Promise.all(
        [1, 2, 3].map(() => openLedger({ directory, module: schema([ONE, TWO]) })),
      );
      for (const runner of runners) {
        expect(runner.reader.all(applied)).toHaveLength(2);
        await runner.run("put", { text: "after" });
      }
    }
  });

  test("[D-33] a writer whose database was migrated by a newer program writes nothing more", async () => {
    const directory = await databaseWithOneRow();
    const older = await openLedger({ directory, module: schema([ONE]) });
    const newer = await openLedger({ directory, module: schema([ONE, TWO]) });
    expect(await codeOf(older.run("put", { text: "late" }))).toBe("STORAGE_UNAVAILABLE");
    expect(await newer.run("put", { text: "current" })).toBe(2);
  });

  test("[D-33] `opened` runs after the migrations, in a transaction that fails the opening when it fails", async () => {
    const directory = temporaryDirectory();
    const greeting = `opened: (tx) => tx.prepare("INSERT INTO thing (text) VALUES ('opened')").run(),`;
    const runner = await openLedger({ directory, module: schema([ONE], greeting) });
    expect(runner.reader.all("SELECT text FROM thing")).toMatchObject([{ text: "opened" }]);
    await runner.close();
    const failing = `opened: (tx) => { tx.prepare("DELETE FROM thing").run(); throw new Error("not today"); },`;
    await expect(openLedger({ directory, module: schema([ONE], failing) })).rejects.toThrow("not today");
    const again = await openLedger({ directory, module: schema([ONE]) });
    expect(again.reader.all("SELECT text FROM thing")).toHaveLength(1);
  });

  test("[D-33] the reason of a refusal arrives although the caller was busy until the thread had long said it", async () => {
    const failing = `opened: () => { throw new Error("not today"); },`;
    const opening = openLedger({ directory: temporaryDirectory(), module: schema([ONE], failing) });
    const busy = new Int32Array(new SharedArrayBuffer(4));
    // Three turns of the loop, each far longer than an opening takes: the thread starts in one and ends in another.
    const blockLoop = () => Atomics.wait(busy, 0, 0, 300);
    const blocking = (async () => {
      for (let turn = 0; turn < 3; turn += 1) {
        await setImmediate();
        blockLoop();
      }
    })();
    await expect(opening).rejects.toThrow("not today");
    await blocking;
  });

  test("[D-33] migrations out of order, and modules that are none, are refused before the file is touched", async () => {
    const directory = temporaryDirectory();
    await expect(openLedger({ directory, module: schema([TWO, ONE]) })).rejects.toThrow("out of order");
    await expect(openLedger({ directory, module: moduleOf("export const x = 1") })).rejects.toThrow(
      "no command module",
    );
    await expect(
      openLedger({ directory, module: moduleOf("throw new Error('broken module')") }),
    ).rejects.toThrow("broken module");
    expect(existsSync(join(directory, "ledger.db.v0.copy"))).toBe(false);
  });
});
