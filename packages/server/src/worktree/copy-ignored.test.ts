import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isHoldfastError } from "@holdfast/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { copyIgnored, requireCopyPatterns } from "./copy-ignored.ts";

describe("listed ignored files", () => {
  let root: string;
  let from: string;
  let to: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "holdfast-copy-"));
    [from, to] = [join(root, "from"), join(root, "to")];
    await Promise.all([
      mkdir(join(from, "config"), { recursive: true }),
      mkdir(to),
      mkdir(join(root, "outside")),
    ]);
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  test("[W-2] files come with their bytes and modes, also in new directories and with names that are no UTF-8", async () => {
    const odd = "caf\xe9";
    await writeFile(join(from, ".env"), "A=1\n");
    await writeFile(join(from, "config", "run"), "#!/bin/sh\n");
    await chmod(join(from, "config", "run"), 0o755);
    await writeFile(Buffer.from(`${from}/${odd}`, "latin1"), "odd");
    expect(await copyIgnored(from, to, [".env", "config/run", odd, "gone"])).toEqual(["gone"]);
    expect(await readFile(join(to, ".env"), "utf8")).toBe("A=1\n");
    expect((await stat(join(to, "config", "run"))).mode & 0o777).toBe(0o755);
    expect(await readFile(Buffer.from(`${to}/${odd}`, "latin1"), "utf8")).toBe("odd");
  });

  test("[W-2] links are copied as links when they stay inside, and never followed out on either side", async () => {
    await writeFile(join(root, "outside", "secret"), "s");
    await symlink("../outside/secret", join(from, "out"));
    await symlink("/etc/passwd", join(from, "absolute"));
    await symlink("config/x", join(from, "inside"));
    await symlink(join(root, "outside"), join(from, "away"));
    await writeFile(join(from, "config", "key"), "k");
    // In the worktree the directory is a tracked link that leads out.
    await symlink(join(root, "outside"), join(to, "config"));
    const keys = ["out", "absolute", "inside", "away/secret", "config/key"];
    expect(await copyIgnored(from, to, keys)).toEqual(["out", "absolute", "away/secret", "config/key"]);
    expect(await readlink(join(to, "inside"))).toBe("config/x");
    expect(await readdir(join(root, "outside"))).toEqual(["secret"]);
  });

  test("[W-2] a file that the worktree has already stays as it is", async () => {
    await writeFile(join(from, ".env"), "theirs");
    await writeFile(join(to, ".env"), "here");
    expect(await copyIgnored(from, to, [".env"])).toEqual([".env"]);
    expect(await readFile(join(to, ".env"), "utf8")).toBe("here");
  });

  test.each(["/etc/passwd", "../x", "a/../../x", ":(top)x", "a\0b", ".git/config", "sub/.GIT/hooks"])(
    "[W-2] the pattern %j is refused",
    (pattern) => {
      let refusal: unknown;
      try {
        requireCopyPatterns([pattern]);
      } catch (error) {
        refusal = error;
      }
      expect(isHoldfastError(refusal, "UNPROCESSABLE")).toBe(true);
    },
  );
});
