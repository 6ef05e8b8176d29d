import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { containedPath } from "./contained-path.ts";

let root: string;
let cwd: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "rehearsal-path-")));
  cwd = join(root, "cwd");
  mkdirSync(join(cwd, "inner"), { recursive: true });
  mkdirSync(join(root, "cwd-sibling"));
  symlinkSync(root, join(cwd, "up"));
  symlinkSync(join(cwd, "inner"), join(cwd, "alias"));
  symlinkSync(join(root, "not-there"), join(cwd, "dangling"));
  symlinkSync(join(cwd, "loop"), join(cwd, "loop"));
  symlinkSync(cwd, join(root, "door"));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("containedPath", () => {
  test.each([
    ["a.txt", "a.txt"],
    ["./new/deep/a.txt", "new/deep/a.txt"],
    ["inner/../b.txt", "b.txt"],
    ["alias/a.txt", "inner/a.txt"],
    ["up/cwd/a.txt", "a.txt"],
    ["..a", "..a"],
  ])("[A-2] %s is inside", async (path, inside) => {
    expect(await containedPath(cwd, path)).toBe(join(cwd, inside));
  });

  test.each([
    ".",
    "..",
    "../a.txt",
    "../cwd-sibling/a.txt",
    "/etc/passwd",
    "up/a.txt",
    "dangling",
    "dangling/a",
    "loop/a",
    "inner/../../a",
  ])("[A-2] %s is refused", async (path) => {
    expect(await containedPath(cwd, path)).toBeUndefined();
  });

  test("[A-2] a cwd that is a link counts as where it leads", async () => {
    expect(await containedPath(join(root, "door"), "a.txt")).toBe(join(cwd, "a.txt"));
    expect(await containedPath(join(root, "door"), join(cwd, "a.txt"))).toBe(join(cwd, "a.txt"));
  });
});
