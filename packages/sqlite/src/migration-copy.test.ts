import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { systemClock } from "@holdfast/kernel";
import { afterEach, expect, test } from "vitest";
import { keepCopy } from "./migration-copy.ts";

const directory = mkdtempSync(join(tmpdir(), "holdfast-copy-"));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("[D-33] no copy is begun when the disk has no room for it", () => {
  const database = new DatabaseSync(join(directory, "a.db"));
  database.exec("CREATE TABLE thing (text TEXT)");
  const place = { directory, file: "a.db" };
  expect(() => keepCopy(database, place, 1, systemClock, () => 16_777_216)).toThrow(/needs \d+ free bytes/);
  expect(readdirSync(directory)).toEqual(["a.db"]);
  keepCopy(database, place, 1, systemClock, () => 1_000_000_000);
  expect(readdirSync(directory)).toEqual(["a.db", "a.db.v1.copy"]);
  database.close();
});
