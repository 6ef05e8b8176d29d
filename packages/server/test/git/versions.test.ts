import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir, readlink, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sampleOf } from "../../../../test/harness/sample.ts";
import {
  type Checkout,
  readBlob,
  readVersion,
  readVersions,
  sweepWrites,
  writeBlob,
  writeVersion,
} from "../../src/git/index.ts";
import { makeRepository, type TestRepository } from "./repository.ts";

async function setUp(): Promise<{ repository: TestRepository; checkout: Checkout }> {
  const repository = await makeRepository();
  await repository.write("a", "a\n");
  await repository.write("dir/b", "b\n");
  await repository.commit();
  return { repository, checkout: await repository.checkout() };
}

const blobOf = (checkout: Checkout, text: string) => writeBlob(checkout, text);

describe("reading a version", () => {
  test("[W-8] says what git would store and what the bytes are, of files, links and modes", async () => {
    const { repository, checkout } = await setUp();
    await repository.git(["config", "core.autocrlf", "input"]);
    await repository.write("crlf", "1\r\n");
    await repository.write("run", "#!\n", 0o755);
    await repository.link("link", "dir/b");
    const all = await readVersions(checkout, [
      "a",
      "crlf",
      "run",
      "link",
      "dir/b",
      "none",
      "dir",
      "a/below",
      "link/x",
    ]);
    expect([...all.keys()].toSorted()).toEqual(["a", "crlf", "dir/b", "link", "run"]);
    const text = async (key: string, side: "version" | "raw") => {
      const found = all.get(key);
      return found && String(await readBlob(checkout, side === "raw" ? found.raw : found.version.blob));
    };
    expect([await text("crlf", "version"), await text("crlf", "raw")]).toEqual(["1\n", "1\r\n"]);
    expect(await text("link", "raw")).toBe("dir/b");
    expect([...all].map(([key, { version }]) => `${key} ${version.mode}`).toSorted()).toEqual([
      "a 100644",
      "crlf 100644",
      "dir/b 100644",
      "link 120000",
      "run 100755",
    ]);
  });

  test("[W-8] agrees with a snapshot about line ends that the index decides", async () => {
    const { repository, checkout } = await setUp();
    await repository.write("crlf", "1\r\n");
    await repository.commit();
    await repository.git(["config", "core.autocrlf", "input"]);
    await repository.write("crlf", "1\r\n2\r\n");
    await repository.write("new", "1\r\n2\r\n");
    const { tree } = await repository.snapshots.take(await repository.watch(), "refs/holdfast/snap/x/y/now");
    const held = await repository.tree(tree);
    for (const key of ["crlf", "new"])
      expect([key, (await readVersion(checkout, key))?.version]).toEqual([key, held.get(key)]);
  });

  test("[W-8] takes modes from the index where the file system has none", async () => {
    const { repository, checkout } = await setUp();
    await repository.write("run", "1", 0o755);
    await repository.commit();
    await repository.git(["config", "core.fileMode", "false"]);
    await repository.write("run", "2", 0o644);
    await repository.write("a", "2", 0o755);
    expect((await readVersion(checkout, "run"))?.version.mode).toBe("100755");
    expect((await readVersion(checkout, "a"))?.version.mode).toBe("100644");
  });

  test("[W-8] looks behind no link, and at hidden entries too", async () => {
    const { repository, checkout } = await setUp();
    await repository.git(["update-index", "--skip-worktree", "dir/b"]);
    await repository.git(["update-index", "--assume-unchanged", "a"]);
    await repository.write("dir/b", "hidden\n");
    await repository.write("a", "hidden\n");
    const hidden = await blobOf(checkout, "hidden\n");
    expect((await readVersion(checkout, "dir/b"))?.version.blob).toBe(hidden);
    expect((await readVersion(checkout, "a"))?.version.blob).toBe(hidden);
    await symlink(join(repository.path, "dir"), join(repository.path, "way"));
    expect(await readVersion(checkout, "way/b")).toBeUndefined();
    await expect(readVersion(checkout, "../outside")).rejects.toMatchObject({ code: "PATH_ESCAPES" });
    await expect(readVersion(checkout, ".git/config")).rejects.toMatchObject({ code: "PATH_ESCAPES" });
  });

  test("[W-8] tells nested repositories, and every name in any encoding", async () => {
    const { repository, checkout } = await setUp();
    await mkdir(join(repository.path, "nested"));
    await repository.git(["init", "--quiet"], join(repository.path, "nested"));
    await repository.git(["commit", "--quiet", "--allow-empty", "-m", "x"], join(repository.path, "nested"));
    const head = await repository.git(["rev-parse", "HEAD"], join(repository.path, "nested"));
    expect(await readVersion(checkout, "nested")).toEqual({
      version: { blob: head, mode: "160000" },
      raw: head,
    });
    const keys = ["\xff\xfe", 'q"uo\\te', "line\nend", " space ", '"', "tab\t", "\r"];
    for (const key of keys) await repository.write(Buffer.from(key, "latin1"), key);
    const all = await readVersions(checkout, keys);
    for (const key of keys) {
      expect(String(await readBlob(checkout, all.get(key)?.raw ?? ""))).toBe(key);
      expect(all.get(key)?.version.blob).toBe(all.get(key)?.raw);
    }
  });
});

describe("writing a version", () => {
  test("[W-8] writes contents, modes and links, makes directories, and removes what is empty then", async () => {
    const { repository, checkout } = await setUp();
    const blob = await blobOf(checkout, "new\n");
    await writeVersion(checkout, "deep/er/file", { blob, mode: "100755" });
    expect(String(await repository.read("deep/er/file"))).toBe("new\n");
    expect((await stat(repository.at("deep/er/file"))).mode & 0o111).not.toBe(0);
    await writeVersion(checkout, "deep/er/file", { blob, mode: "100644" });
    expect((await stat(repository.at("deep/er/file"))).mode & 0o111).toBe(0);
    await writeVersion(checkout, "a", { blob: await blobOf(checkout, "dir/b"), mode: "120000" });
    expect(await readlink(repository.at("a"))).toBe("dir/b");
    await writeVersion(checkout, "a", { blob, mode: "100644" });
    expect(String(await repository.read("dir/b"))).toBe("b\n");
    await writeVersion(checkout, "deep/er/file", undefined);
    await writeVersion(checkout, "deep/er/file", undefined);
    expect((await readdir(repository.path)).toSorted()).toEqual([".git", "a", "dir"]);
    await writeVersion(checkout, "\xff/\xfe", { blob, mode: "100644" });
    expect(String(await repository.read(Buffer.from("\xff/\xfe", "latin1")))).toBe("new\n");
  });

  test("[W-8] converts as a checkout does, or writes the raw bytes when they are known", async () => {
    const { repository, checkout } = await setUp();
    await repository.git(["config", "core.autocrlf", "true"]);
    const blob = await blobOf(checkout, "1\n2\n");
    for (const key of ["converted", "\xff"]) {
      await writeVersion(checkout, key, { blob, mode: "100644" });
      expect(String(await repository.read(Buffer.from(key, "latin1")))).toBe("1\r\n2\r\n");
    }
    await writeVersion(checkout, "raw", { blob, mode: "100644" }, await blobOf(checkout, "1\r\n2\n"));
    expect(String(await repository.read("raw"))).toBe("1\r\n2\n");
    expect((await readVersion(checkout, "raw"))?.version.blob).toBe(blob);
  });

  test("[W-8] keeps who else may read a file", async () => {
    const { repository, checkout } = await setUp();
    await chmod(repository.at("a"), 0o600);
    const blob = await blobOf(checkout, "new\n");
    await writeVersion(checkout, "a", { blob, mode: "100755" });
    expect((await stat(repository.at("a"))).mode & 0o777).toBe(0o700);
  });

  test("[W-8] goes through no link, over no directory with something in it, and out of no root", async () => {
    const { repository, checkout } = await setUp();
    const outside = join(repository.base, "outside");
    await mkdir(outside);
    await writeFile(join(outside, "f"), "theirs\n");
    await repository.link("way", outside);
    const blob = await blobOf(checkout, "evil\n");
    const version = { blob, mode: "100644" };
    for (const key of [
      "way/f",
      "way/new/x",
      "../f",
      "/etc/x",
      "dir/../../f",
      ".git/config",
      "dir/.GIT/hooks/x",
      "",
      ".",
    ])
      await expect(writeVersion(checkout, key, version)).rejects.toMatchObject({ code: "PATH_ESCAPES" });
    await expect(writeVersion(checkout, "dir", version)).rejects.toMatchObject({ code: "PATH_ESCAPES" });
    await expect(writeVersion(checkout, "dir", undefined)).rejects.toMatchObject({ code: "PATH_ESCAPES" });
    await expect(writeVersion(checkout, "a/below", version)).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(writeVersion(checkout, "x", { blob, mode: "160000" })).rejects.toMatchObject({
      code: "UNPROCESSABLE",
    });
    await writeVersion(checkout, "way/f", undefined);
    expect(String(await repository.readAt(join(outside, "f")))).toBe("theirs\n");
    expect(await readdir(outside)).toEqual(["f"]);
    expect((await readdir(repository.path)).toSorted()).toEqual([".git", "a", "dir", "way"]);
    await mkdir(join(repository.path, "empty"));
    await writeVersion(checkout, "empty", version);
    expect(String(await repository.read("empty"))).toBe("evil\n");
  });

  test.runIf(process.platform === "linux")(
    "[W-8] a directory that is swapped for a link while it is written to leads nowhere else",
    async () => {
      const { repository, checkout } = await setUp();
      const outside = join(repository.base, "outside");
      await mkdir(outside);
      const blob = await blobOf(checkout, "evil\n");
      const [way, aside] = [join(repository.path, "dir"), join(repository.path, "aside")];
      const over = new AbortController();
      const swapping = (async () => {
        while (!over.signal.aborted) {
          // The writer may have made the directory anew in between.
          await rename(way, aside).catch(() => undefined);
          await symlink(outside, way).catch(() => undefined);
          await rm(way, { recursive: true, force: true });
          await rename(aside, way).catch(() => undefined);
        }
      })();
      const outcomes = new Set<string>();
      for (let round = 0; round < 40; round += 1)
        outcomes.add(
          await writeVersion(checkout, "dir/b", { blob, mode: "100644" }).then(
            () => "written",
            (error: { code?: string }) => error.code ?? "other",
          ),
        );
      over.abort();
      await swapping;
      expect(await readdir(outside)).toEqual([]);
      expect(
        [...outcomes].filter(
          (outcome) => !["written", "PATH_ESCAPES", "ENOENT", "ENOTDIR", "EEXIST"].includes(outcome),
        ),
      ).toEqual([]);
    },
  );

  test("[W-8] a file that cannot be made leaves the old one, and nothing beside it", async () => {
    const { repository, checkout } = await setUp();
    await repository.git(["config", "filter.broken.smudge", "false"]);
    await repository.git(["config", "filter.broken.required", "true"]);
    await repository.write(".gitattributes", "a filter=broken\n");
    const blob = await blobOf(checkout, "new\n");
    await expect(writeVersion(checkout, "a", { blob, mode: "100644" })).rejects.toMatchObject({
      name: "GitError",
    });
    await expect(writeVersion(checkout, "dir/b", { blob: "0".repeat(40), mode: "100644" })).rejects.toThrow(
      "cat-file",
    );
    expect(String(await repository.read("a"))).toBe("a\n");
    expect(await readdir(join(repository.path, "dir"))).toEqual(["b"]);
  });

  for (const point of sampleOf(["made", "synced", "renamed"], 1))
    test(`[W-8] a kill at the point ${point} leaves the old or the new file, and what is beside it is swept`, async () => {
      const { repository, checkout } = await setUp();
      const blob = await blobOf(checkout, "new\n");
      const child = spawn(
        process.execPath,
        [
          join(import.meta.dirname, "../fixture/write-version.ts"),
          repository.path,
          "a",
          blob,
          `worktree.write.${point}`,
        ],
        { stdio: ["ignore", "inherit", "inherit"], env: repository.environment },
      );
      const [, signal] = (await once(child, "exit")) as [number | null, string | null];
      expect(signal).toBe("SIGKILL");
      expect(String(await repository.read("a"))).toBe(point === "renamed" ? "new\n" : "a\n");
      const beside = (await readdir(repository.path)).filter((name) => name.startsWith(".holdfast-"));
      expect(beside).toHaveLength(point === "renamed" ? 0 : 1);
      const { tree } = await repository.snapshots.take(
        await repository.watch(),
        "refs/holdfast/snap/x/y/now",
      );
      expect([...(await repository.tree(tree)).keys()]).toEqual(["a", "dir/b"]);
      if (point === "synced") await sweepWrites(checkout, ["a", "none/such"]);
      else await writeVersion(checkout, "a", { blob, mode: "100644" });
      expect((await readdir(repository.path)).toSorted()).toEqual([".git", "a", "dir"]);
    });
});
