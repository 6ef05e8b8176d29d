import { execFileSync } from "node:child_process";
import { access, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock, silentLogger } from "@holdfast/kernel";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { GitRunner } from "../git/index.ts";
import { FileNames, rank } from "./file-names.ts";

describe("names of files", () => {
  let root: string;
  let clock: FakeClock;
  let names: FileNames;
  let temporary: string;
  const git = (...args: string[]): Buffer => execFileSync("git", ["-C", root, ...args]);

  beforeEach(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), "holdfast-names-")));
    clock = new FakeClock();
    temporary = await mkdtemp(join(tmpdir(), "holdfast-names-tmp-"));
    const reserved = {
      dataDirectory: join(root, "data"),
      worktreeDirectory: join(root, "data", "worktrees"),
    };
    names = new FileNames({ clock, reserved, git: runner(process.env["PATH"] ?? "") });
    await Promise.all(["src", "data", "node_modules", "ignored"].map((name) => mkdir(join(root, name))));
    const files = ["a.ts", "src/b.ts", "data/token", "node_modules/c.js", "ignored/d.ts"];
    await Promise.all(files.map((name) => writeFile(join(root, name), "")));
    await symlink("/etc", join(root, "src", "etc"));
  });
  afterEach(async () => {
    for (const each of [root, temporary]) await rm(each, { recursive: true, force: true });
  });
  const runner = (path: string) =>
    new GitRunner({ clock, logger: silentLogger, environment: { PATH: path }, temporary });

  test("[I-6] without git a walk finds files, and follows no link, nor looks into the data directory", async () => {
    expect((await names.find(root, "", 50)).sort()).toEqual(["a.ts", "ignored/d.ts", "src/b.ts"]);
  });

  test("[I-6] with git what it ignores is left out, and the repository's configuration runs nothing", async () => {
    git("init", "-q");
    await writeFile(join(root, ".gitignore"), "node_modules\nignored\n");
    git("config", "core.fsmonitor", `touch ${join(root, "ran")}; false`);
    const found = await names.find(root, "", 50);
    expect(found.sort()).toEqual([".gitignore", "a.ts", "src/b.ts", "src/etc"]);
    await expect(realpath(join(root, "ran"))).rejects.toThrow("ENOENT");
  });

  test("[W-14, I-15] a git that does not answer is ended after 5 s, and a walk finds files", async () => {
    const program = "#!/bin/sh\necho > started\nexec /bin/sleep 600\n";
    await writeFile(join(temporary, "git"), program, { mode: 0o755 });
    const reserved = { dataDirectory: join(root, "data"), worktreeDirectory: join(root, "worktrees") };
    const found = new FileNames({ clock, reserved, git: runner(temporary) }).find(root, "b.ts", 50);
    await vi.waitFor(() => access(join(root, "started")));
    clock.advance(5_000);
    expect(await found).toEqual(["src/b.ts"]);
  });

  test("a listing is good for three seconds", async () => {
    await names.find(root, "", 50);
    await writeFile(join(root, "new.ts"), "");
    expect(await names.find(root, "new", 50)).toEqual([]);
    clock.advance(3_000);
    expect(await names.find(root, "new", 50)).toEqual(["new.ts"]);
  });

  test("[I-15] the best match comes first", () => {
    const paths = [
      "lib/observe/x.ts",
      "lib/observer.ts",
      "server/z.ts",
      "src/server.ts",
      "src/s-e-r-v.ts",
      "none.md",
    ];
    expect(rank(paths, "SERV", 10)).toEqual([
      "src/server.ts",
      "lib/observer.ts",
      "server/z.ts",
      "lib/observe/x.ts",
      "src/s-e-r-v.ts",
    ]);
    expect(rank(paths, "serv", 1)).toEqual(["src/server.ts"]);
  });
});
