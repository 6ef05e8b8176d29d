import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Clock, systemClock } from "@holdfast/kernel";
import { afterEach, expect, test } from "vitest";
import { migrate } from "./migrate.ts";

const directory = mkdtempSync(join(tmpdir(), "holdfast-migrate-"));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const ONE = { version: 1, name: "one", sql: "CREATE TABLE thing (id INTEGER PRIMARY KEY)" };
const TWO = { version: 2, name: "two", sql: "CREATE TABLE other (id INTEGER PRIMARY KEY)" };

test("[D-33] a migration that another process finished meanwhile is not applied again", () => {
  const place = { directory, file: "a.db" };
  const ours = new DatabaseSync(join(directory, "a.db"));
  const theirs = new DatabaseSync(join(directory, "a.db"));
  migrate(ours, place, [ONE], systemClock);
  let overtaken = false;
  // The clock is first read between our look at the database and our own transaction.
  const clock: Clock = {
    ...systemClock,
    now() {
      if (!overtaken) {
        overtaken = true;
        migrate(theirs, place, [ONE, TWO], systemClock);
      }
      return systemClock.now();
    },
  };
  expect(migrate(ours, place, [ONE, TWO], clock)).toBe(2);
  expect(overtaken).toBe(true);
  expect(ours.prepare("SELECT version FROM holdfast_migration").all()).toMatchObject([
    { version: 1 },
    { version: 2 },
  ]);
  ours.close();
  theirs.close();
});
