import { describe, expect, test } from "vitest";
import { HoldfastError } from "./error.ts";
import { storageRefusal, toldStorageRefusal } from "./storage-refusal.ts";

const failure = (code: string) => Object.assign(new Error(`${code}: no, write`), { code });

describe("storageRefusal", () => {
  test.each([
    ["ENOSPC", "full"],
    ["EDQUOT", "quota"],
    ["Unknown system error -122", "quota"],
    ["EROFS", "readOnly"],
    ["EIO", "broken"],
    ["EMFILE", "tooManyFiles"],
    ["ENFILE", "tooManyFiles"],
  ])("[D-34] %s of a file is a refusal of storage: %s", (code, reason) => {
    const expected = { code: "STORAGE_UNAVAILABLE", status: 503, data: { reason } };
    expect(storageRefusal(failure(code))).toMatchObject(expected);
    expect(storageRefusal(new Error("outer", { cause: failure(code) }))).toMatchObject(expected);
  });

  test("[D-34] so is a recursive mkdir that misses its parent: Node hides what the disk said", () => {
    const hidden = Object.assign(failure("ENOENT"), { syscall: "mkdir" });
    expect(storageRefusal(hidden)?.data).toEqual({ reason: "noDirectory" });
  });

  test.each([
    failure("ENOENT"),
    failure("EACCES"),
    failure("toString"),
    Object.assign(new Error("a number"), { code: 28 }),
    "ENOSPC",
    undefined,
    new HoldfastError("CONFLICT", "Decided.", { cause: failure("ENOSPC") }),
  ])("[D-34] %s is none", (error) => {
    expect(storageRefusal(error)).toBeUndefined();
  });

  test("[D-34] a refusal of storage stays the one that it is", () => {
    const refusal = new HoldfastError("STORAGE_UNAVAILABLE", "The store cannot write now.");
    expect(storageRefusal(new Error("outer", { cause: refusal }))).toBe(refusal);
  });
});

describe("toldStorageRefusal", () => {
  test.each([
    ["error: file write error: No space left on device\nfatal: unable to write new index file\n", "full"],
    ["fatal: sha1 file '/x' write error. Out of diskspace", "full"],
    ["fatal: Unable to create '/x/index.lock': Read-only file system.", "readOnly"],
    ["error: unable to create file a: Disk quota exceeded", "quota"],
    ["fatal: write error: Input/output error", "broken"],
    ["error: unable to open a: Too many open files", "tooManyFiles"],
  ])("[D-34] git says %j", (stderr, reason) => {
    expect(toldStorageRefusal(stderr)?.data).toEqual({ reason });
  });

  test.each([
    "fatal: not a git repository",
    "error: pathspec 'No space left on device' did not match any file(s)",
    "No space left on device: is a fine name of a file",
  ])("[D-34] %j is none", (stderr) => {
    expect(toldStorageRefusal(stderr)).toBeUndefined();
  });
});
