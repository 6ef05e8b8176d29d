import { HoldfastError } from "@holdfast/kernel";
import { expect, test } from "vitest";
import { isBusy, isFailStop, databaseRefusal } from "./sqlite-error.ts";
import { fromWire, toWire } from "./wire.ts";

const failure = (errcode: number) => Object.assign(new Error("text of SQLite"), { errcode });
const [BUSY, BUSY_SNAPSHOT, READONLY, IOERR_READ, IOERR_WRITE, IOERR_FSYNC, FULL, CONSTRAINT_UNIQUE] = [
  5, 517, 8, 266, 778, 1034, 13, 2067,
] as const;

test("[D-34] full, read-only, busy and failing disks are 503; what a command did wrong is not", () => {
  for (const code of [BUSY, BUSY_SNAPSHOT, READONLY, FULL, IOERR_READ]) {
    const refusal = databaseRefusal(failure(code));
    expect(refusal?.status).toBe(503);
    expect(refusal?.message).not.toContain("text of SQLite");
  }
  expect(databaseRefusal(failure(CONSTRAINT_UNIQUE))).toBeUndefined();
  expect(databaseRefusal(new Error("no code"))).toBeUndefined();
  expect([isBusy(failure(BUSY_SNAPSHOT)), isBusy(failure(FULL))]).toEqual([true, false]);
});

test("[D-34] a disk error in COMMIT and a failed sync anywhere are fail-stop, other disk errors are not", () => {
  expect(isFailStop(failure(IOERR_FSYNC), "statement")).toBe(true);
  expect(isFailStop(failure(IOERR_WRITE), "commit")).toBe(true);
  expect(isFailStop(failure(IOERR_WRITE), "statement")).toBe(false);
  expect(isFailStop(failure(FULL), "commit")).toBe(false);
});

test("[D-34] an error crosses a thread with code, message, data and issues; other texts only as its cause", () => {
  const issues = [{ path: "a", message: "b" }];
  const refused = new HoldfastError("CONFLICT", "No.", { data: { id: 1 }, issues, cause: failure(FULL) });
  expect(fromWire(structuredClone(toWire(refused, "unused")))).toMatchObject({
    code: "CONFLICT",
    message: "No.",
    data: { id: 1 },
    issues,
    cause: { message: "text of SQLite" },
  });
  expect(toWire("a string", "It broke.")).toEqual({
    code: "INTERNAL",
    message: "It broke.",
    cause: "a string",
  });
});
