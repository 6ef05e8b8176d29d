import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type FileScope,
  locate,
  MAX_FILE_BYTES,
  readLines,
  shownPath,
  writeWhole,
} from "./contained-file.ts";

let root: string;
let place: FileScope;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "holdfast-files-")));
  const directory = join(root, "project");
  mkdirSync(join(directory, "inner", ".git"), { recursive: true });
  mkdirSync(join(root, "project-sibling"));
  mkdirSync(join(root, "data", "worktrees", "one"), { recursive: true });
  symlinkSync(root, join(directory, "up"));
  symlinkSync(join(directory, "inner"), join(directory, "alias"));
  symlinkSync(join(root, "nowhere"), join(directory, "dangling"));
  symlinkSync(join(root, "data"), join(directory, "data"));
  place = { directory, dataDirectory: join(root, "data"), worktreeDirectory: join(root, "data/worktrees") };
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("which files an agent may name", () => {
  test.each([
    ["a.txt", "a.txt"],
    ["./new/deep/a.txt", "new/deep/a.txt"],
    ["alias/a.txt", "inner/a.txt"],
    ["up/project/a.txt", "a.txt"],
    [".github/a", ".github/a"],
  ])("[I-6] %s is inside, as %s", async (named, inside) => {
    for (const use of ["read", "write"] as const) {
      expect(await locate(place, named, use)).toBe(join(place.directory, inside));
    }
    expect(await locate(place, join(place.directory, named), "write")).toBe(join(place.directory, inside));
    expect(await shownPath(place, join(place.directory, inside))).toBe(inside);
  });

  test.each([
    ".",
    "..",
    "../project-sibling/a.txt",
    "/etc/passwd",
    "up/a.txt",
    "up/project-sibling/a",
    "dangling",
    "dangling/a",
    "data/token",
    "inner/../../a",
    "a\0b",
  ])("[I-6] %s is refused", async (named) => {
    for (const use of ["read", "write"] as const) {
      await expect(locate(place, named, use)).rejects.toMatchObject({ code: "PATH_ESCAPES" });
    }
  });

  test.each([".git", ".git/hooks/pre-commit", ".GIT/config", "inner/.git/config", "alias/.git/x"])(
    "[I-6] %s is git's own and not written",
    async (named) => {
      await expect(locate(place, named, "write")).rejects.toMatchObject({ code: "PATH_ESCAPES" });
      await expect(locate(place, named, "read")).resolves.toContain("project");
    },
  );

  test("[I-6] the data directory is closed also to a session above it; a worktree in it is open to its own session only", async () => {
    const above = { ...place, directory: root };
    for (const named of ["data/token", "data/worktrees/one/a.txt", "data/worktrees/.holdfast"]) {
      await expect(locate(above, named, "read")).rejects.toMatchObject({ code: "PATH_ESCAPES" });
    }
    const one = { ...place, directory: join(root, "data/worktrees/one") };
    expect(await locate(one, "a.txt", "write")).toBe(join(root, "data/worktrees/one/a.txt"));
    await expect(locate(one, "../two/a.txt", "write")).rejects.toMatchObject({ code: "PATH_ESCAPES" });
    await expect(locate(one, "../../token", "read")).rejects.toMatchObject({ code: "PATH_ESCAPES" });
  });
});

describe("reading", () => {
  test.each<[number, number | undefined, string]>([
    [1, undefined, "one\r\ntwo\n\nfour"],
    [1, 1, "one\r\n"],
    [2, 2, "two\n\n"],
    [4, 9, "four"],
    [5, undefined, ""],
    [2, 0, ""],
  ])("[A-25] from line %d, %s of them", async (line, limit, text) => {
    const path = join(place.directory, "lines.txt");
    writeFileSync(path, "one\r\ntwo\n\nfour");
    expect(await readLines(path, { line, ...(limit === undefined ? {} : { limit }) })).toBe(text);
  });

  test("[A-25] a byte order mark comes through as it is", async () => {
    const path = join(place.directory, "bom.txt");
    writeFileSync(path, "\ufeffhello");
    expect(await readLines(path, { line: 1 })).toBe("\ufeffhello");
  });

  test("[A-25] what is missing, no file, no text or too large has its own refusal", async () => {
    const path = (name: string) => join(place.directory, name);
    writeFileSync(path("latin"), Buffer.from([0x66, 0xfc, 0x72]));
    writeFileSync(path("large"), Buffer.alloc(MAX_FILE_BYTES + 1, 32));
    execFileSync("sh", ["-c", 'mkfifo "$0"', path("pipe")]);
    const code = (name: string) =>
      readLines(path(name), { line: 1 }).then(
        () => "read",
        (error: { code: string }) => error.code,
      );
    expect(await code("none")).toBe("NOT_FOUND");
    expect(await code("inner")).toBe("UNPROCESSABLE");
    expect(await code("pipe")).toBe("UNPROCESSABLE");
    expect(await code("latin")).toBe("UNPROCESSABLE");
    expect(await code("up")).toBe("UNPROCESSABLE");
    expect(await code("large")).toBe("TOO_LARGE");
  });
});

describe("writing", () => {
  test("[A-25] a file is made with its directories, or replaced with its permissions, and nothing is left beside it", async () => {
    const fresh = join(place.directory, "new/deep/a.sh");
    await writeWhole(fresh, "one");
    expect(readFileSync(fresh, "utf8")).toBe("one");
    chmodSync(fresh, 0o757);
    await writeWhole(fresh, "two\n");
    expect(readFileSync(fresh, "utf8")).toBe("two\n");
    expect(statSync(fresh).mode & 0o777).toBe(0o757);
    expect(readdirSync(join(place.directory, "new/deep"))).toEqual(["a.sh"]);
  });

  test("[A-25] a directory and too much text are refused, and the file stays", async () => {
    const path = join(place.directory, "a.txt");
    writeFileSync(path, "before");
    await expect(writeWhole(join(place.directory, "inner"), "x")).rejects.toMatchObject({
      code: "UNPROCESSABLE",
    });
    const large = "ü".repeat(MAX_FILE_BYTES / 2 + 1);
    await expect(writeWhole(path, large)).rejects.toMatchObject({ code: "TOO_LARGE" });
    expect(readFileSync(path, "utf8")).toBe("before");
  });
});
