import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Runner } from "@holdfast/sqlite";
import { describe, expect, test } from "vitest";
import { amount, sampleOf } from "../../../test/harness/sample.ts";
import { type LedgerChild, startChild } from "./child-process.ts";
import { openLedger, temporaryDirectory } from "./runner-fixture.ts";

/** Kills per run; a failing seed is printed and belongs below as a named test. */
const KILLS = amount(5, 12);

/** A small generator with a printable seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function acknowledged(child: LedgerChild): { id: number; length: number }[] {
  return child
    .lines()
    .filter((line) => line.startsWith("ack "))
    .map((line) => line.split(" "))
    .map(([, id, length]) => ({ id: Number(id), length: Number(length) }));
}

function check(runner: Runner, answers: Iterable<{ id: number; length: number }>): void {
  const stored = new Map(
    runner.reader
      .all<{ id: number; length: number }>("SELECT id, length(text) AS length FROM entry")
      .map((row) => [row.id, row.length]),
  );
  for (const answer of answers) expect(stored.get(answer.id)).toBe(answer.length);
  expect(runner.reader.get("PRAGMA integrity_check")).toMatchObject({ integrity_check: "ok" });
}

function schemaVersion(directory: string): unknown {
  const database = new DatabaseSync(join(directory, "ledger.db"), { readOnly: true });
  try {
    return database.prepare("PRAGMA user_version").get()?.["user_version"];
  } finally {
    database.close();
  }
}

describe("kill -9", () => {
  test(`[D-34] whatever was answered before a kill at a random instant is there afterwards`, async () => {
    const seed = Number(process.env["HOLDFAST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
    const random = seeded(seed);
    const directory = temporaryDirectory();
    const answers: { id: number; length: number }[] = [];
    for (let round = 0; round < KILLS; round += 1) {
      const child = startChild(["acknowledge", directory]);
      await child.until("ack ", 1 + Math.floor(random() * 400));
      child.kill("SIGKILL");
      await child.ended;
      answers.push(...acknowledged(child));
      const runner = await openLedger({ directory });
      expect.soft(() => check(runner, answers), `seed ${seed}, round ${round}`).not.toThrow();
      await runner.close();
    }
    expect(answers.length).toBeGreaterThan(KILLS);
  });

  test.for([
    ["runner.begin", 0],
    ["runner.command", 0],
    ["runner.commit.before", 0],
    ["runner.commit.after", 1],
    ["runner.reply", 1],
  ] as const)("[D-34] a kill at %s leaves %i stored and nothing answered", async ([point, stored]) => {
    const directory = temporaryDirectory();
    const child = startChild(["once", directory, point]);
    expect(await child.ended).toMatchObject({ signal: "SIGKILL" });
    expect(child.lines()).toEqual(["open"]);
    const runner = await openLedger({ directory });
    expect(runner.reader.all("SELECT text FROM entry")).toHaveLength(stored);
  });

  test.for(
    sampleOf(["checkpoint.before", "checkpoint.after", "checkpoint.before:2", "checkpoint.after:2"], 2),
  )("[D-26] a kill at %s loses nothing that was answered", async (point) => {
    const directory = temporaryDirectory();
    const child = startChild(["once", directory, point]);
    expect(await child.ended).toMatchObject({ signal: "SIGKILL" });
    expect(child.lines()).toEqual(
      point.endsWith(":2") ? ["open", "ack 1", "checkpointed"] : ["open", "ack 1"],
    );
    const runner = await openLedger({ directory });
    expect(runner.reader.all("SELECT text FROM entry")).toMatchObject([{ text: "once" }]);
  });

  test.for([
    ["migration.before", 1],
    ["migration.after", 2],
    ["migration.before:2", 2],
    ["migration.after:2", 3],
  ] as const)(
    "[D-33] a kill at %s leaves schema version %i, and the next start finishes",
    async ([point, version]) => {
      const directory = temporaryDirectory();
      const before = await openLedger({ directory });
      await before.run("write", { text: "kept" });
      await before.close();
      const child = startChild(["upgrade", directory, point]);
      expect(await child.ended).toMatchObject({ signal: "SIGKILL" });
      expect(existsSync(join(directory, "ledger.db.v1.copy"))).toBe(true);
      expect(schemaVersion(directory)).toBe(version);
      const again = startChild(["upgrade", directory]);
      expect(await again.ended).toMatchObject({ code: 0 });
      expect(again.lines()).toEqual(["upgraded"]);
      expect(schemaVersion(directory)).toBe(3);
    },
  );
});

describe("fail-stop", () => {
  test("[D-34] an I/O error in COMMIT answers nothing more, and what was answered before is there", async () => {
    const directory = temporaryDirectory();
    const child = startChild(["acknowledge", directory], { fileLimitBlocks: 4_096 });
    expect(await child.ended).toMatchObject({ code: 7 });
    expect(child.lines().at(-1)).toBe("fatal The commit failed on the disk.");
    const answers = acknowledged(child);
    expect(answers.length).toBeGreaterThan(10);
    check(await openLedger({ directory }), answers);
  });

  test("[D-34] a dead writer thread ends a process that listens for nothing", async () => {
    const child = startChild(["writer-dies", temporaryDirectory()]);
    const { code, stderr } = await child.ended;
    expect(code).not.toBe(0);
    expect(stderr).toContain("The writer thread ended with code 3.");
    expect(child.lines()).toEqual([]);
  });

  test.for(["exit", "emitUnclonable"])(
    "[D-34] after %s nothing settles any more and close still ends",
    async (command) => {
      const runner = await openLedger();
      const fatal = new Promise<Error>((resolve) => runner.onFatal(resolve));
      const settled: string[] = [];
      const watch = (label: string, promise: Promise<unknown>) =>
        void promise.then(
          () => settled.push(`${label} answered`),
          () => settled.push(`${label} refused`),
        );
      watch("fatal", runner.run(command, {}));
      watch("same group", runner.run("add", { account: "a", amount: 1 }));
      expect(await fatal).toBeInstanceOf(Error);
      watch("later", runner.run("add", { account: "a", amount: 1 }));
      watch("checkpoint", runner.checkpoint());
      const heardLate = new Promise<Error>((resolve) => runner.onFatal(resolve));
      expect(await heardLate).toBe(await fatal);
      await runner.close();
      expect(settled).toEqual([]);
    },
  );
});
