import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DEFAULT_PAGE_SIZE, openWriterConnection, verifySynchronous } from "./connection.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "holdfast-connection-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("[D-34] a connection that syncs less than was asked for is refused", () => {
  const database = openWriterConnection(join(directory, "a.db"), DEFAULT_PAGE_SIZE, "FULL");
  try {
    expect(() => verifySynchronous(database, "FULL")).not.toThrow();
    for (const level of ["NORMAL", "OFF"]) {
      database.exec(`PRAGMA synchronous = ${level}`);
      expect(() => verifySynchronous(database, "FULL"), level).toThrow(
        expect.objectContaining({ code: "STORAGE_UNAVAILABLE" }),
      );
    }
  } finally {
    database.close();
  }
});
