import { mkdir, rm, writeFile } from "node:fs/promises";
import { endianness } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sampleOf, isWhole } from "../../../../test/harness/sample.ts";
import { readBlob } from "../../src/git/index.ts";
import { FILE_BYTES, type Snapshot, SNAPSHOT_BYTES, SNAPSHOT_FILES } from "../../src/snapshot/index.ts";
import { makeRepository, type TestRepository } from "../git/repository.ts";

const REF = "refs/holdfast/snap/ses_test/trn_test/after";

async function take(repository: TestRepository): Promise<Snapshot> {
  return repository.snapshots.take(await repository.watch(), REF);
}

/** The raw bytes that go with a snapshot, by path. */
async function rawOf(repository: TestRepository, { commit }: Snapshot): Promise<Record<string, string>> {
  const { checkout } = await repository.watch();
  const { raw } = await repository.snapshots.manifest(checkout, commit);
  const found: Record<string, string> = {};
  for (const { key, blob } of raw) found[key] = (await readBlob(checkout, blob)).toString("latin1");
  return found;
}

type Case = {
  name: string;
  config?: [string, string][];
  attributes?: string;
  files: Record<string, string>;
  raw: Record<string, string>;
};

const CASES: Case[] = [
  { name: "nothing is converted", files: { a: "1\r\n2\n" }, raw: {} },
  {
    name: "autocrlf: line ends that a checkout would make CRLF",
    config: [["core.autocrlf", "true"]],
    files: { lf: "1\n2\n", crlf: "1\r\n2\r\n", mixed: "1\r\n2\n", binary: "\u0000\r\n" },
    raw: { lf: "1\n2\n", mixed: "1\r\n2\n" },
  },
  {
    name: "autocrlf=input: line ends that a checkout would make LF",
    config: [["core.autocrlf", "input"]],
    files: { lf: "1\n2\n", crlf: "1\r\n2\r\n" },
    raw: { crlf: "1\r\n2\r\n" },
  },
  {
    name: "text and eol attributes",
    attributes: "*.txt text\n*.bat eol=crlf\n*.bin -text\n",
    files: { "a.txt": "1\r\n", "b.txt": "1\n", "c.bat": "1\n", "d.bat": "1\r\n", "e.bin": "1\r\n" },
    raw: { "a.txt": "1\r\n", "c.bat": "1\n" },
  },
  {
    name: "ident",
    attributes: "*.i ident\n",
    files: { "expanded.i": "$Id: something else $\n", "plain.i": "no\n" },
    raw: { "expanded.i": "$Id: something else $\n" },
  },
  {
    name: "working-tree-encoding, with bytes that do not come back",
    attributes: "*.u working-tree-encoding=UTF-16\n",
    files: { "le.u": "\u00ff\u00fea\u0000", "be.u": "\u00fe\u00ff\u0000a" },
    // The C library writes UTF-16 in the byte order of the machine.
    raw: endianness() === "LE" ? { "be.u": "\u00fe\u00ff\u0000a" } : { "le.u": "\u00ff\u00fea\u0000" },
  },
  {
    name: "a filter that loses what it is given",
    config: [
      ["filter.lossy.clean", "tr a-z A-Z"],
      ["filter.lossy.smudge", "cat"],
    ],
    attributes: "*.l filter=lossy\n",
    files: { "kept.l": "UPPER\n", "lost.l": "lower\n" },
    raw: { "lost.l": "lower\n" },
  },
  {
    name: "a filter that fails at a checkout",
    config: [
      ["filter.oneway.clean", "cat"],
      ["filter.oneway.smudge", "false"],
      ["filter.oneway.required", "true"],
    ],
    attributes: "*.o filter=oneway\n",
    files: { "x.o": "bytes\n", other: "1\n" },
    raw: { "x.o": "bytes\n" },
  },
];

describe("raw bytes", () => {
  for (const { name, config = [], attributes, files, raw } of sampleOf(CASES, 2))
    test(`[W-3] ${name}`, async () => {
      const repository = await makeRepository();
      for (const [key, value] of config) await repository.git(["config", key, value]);
      if (attributes !== undefined) await repository.write(".gitattributes", attributes);
      for (const [path, text] of Object.entries(files))
        await repository.write(path, Buffer.from(text, "latin1"));
      const untracked = await take(repository);
      expect(await rawOf(repository, untracked)).toEqual(raw);
      await repository.commit();
      // Committed in the meantime, no index shows them as changed.
      expect(await rawOf(repository, await take(repository))).toEqual(raw);
      // Once more, when it is known.
      expect(await rawOf(repository, await take(repository))).toEqual(raw);
    });

  test.runIf(isWhole)("[W-3] a rescue brings back every byte, in a checkout elsewhere", async () => {
    const repository = await makeRepository();
    await repository.git(["config", "core.autocrlf", "true"]);
    await repository.write(".gitattributes", "*.i ident\n");
    const files: Record<string, string> = {
      lf: "1\n2\n",
      crlf: "1\r\n2\r\n",
      "deep/mixed": "1\r\n2\n3",
      "x.i": "$Id: mine $\r\n",
      script: "#!/bin/sh\n",
    };
    for (const [path, text] of Object.entries(files)) await repository.write(path, text);
    await repository.write("script", "#!/bin/sh\n", 0o755);
    await repository.commit();
    const snapshot = await take(repository);
    const linked = join(repository.base, "rescued");
    await repository.git(["worktree", "add", "--quiet", "--detach", linked, snapshot.commit]);
    const checkout = await repository.checkout(linked);
    const written = await repository.snapshots.restoreRaw(checkout, snapshot.commit);
    expect(written.toSorted()).toEqual([".gitattributes", "deep/mixed", "lf", "script", "x.i"]);
    for (const [path, text] of Object.entries(files))
      expect([path, String(await repository.readAt(join(linked, path)))]).toEqual([path, text]);
    expect(await repository.git(["diff", "--numstat"], linked)).toBe("");
  });

  test.runIf(isWhole)(
    "[W-3] the memory of files that come back forgets one that changed without an edit that git sees",
    async () => {
      const repository = await makeRepository();
      await repository.git(["config", "core.autocrlf", "true"]);
      await repository.write("a", "1\r\n");
      await repository.commit();
      expect(await rawOf(repository, await take(repository))).toEqual({});
      await repository.write("a", "1\n");
      expect(await rawOf(repository, await take(repository))).toEqual({ a: "1\n" });
    },
  );

  test.runIf(isWhole)(
    "[W-3] bytes of the same length that git takes for the same are seen, however long ago the last snapshot was",
    async () => {
      const repository = await makeRepository();
      await repository.git(["config", "core.autocrlf", "input"]);
      await repository.write(".gitattributes", "*.i ident\n");
      await repository.write("mixed", "1\r\n2\n");
      await repository.write("x.i", "$Id: a $\n");
      await repository.commit();
      // An hour later no time of a file is recent.
      const later = repository.laterBy(3_600_000);
      const takeLater = async () => {
        const watched = await later.watch({ workspaceId: "wsp_test", root: repository.path });
        if ("off" in watched) throw new Error(watched.off);
        return later.take(watched, REF);
      };
      expect(await rawOf(repository, await takeLater())).toEqual({ mixed: "1\r\n2\n", "x.i": "$Id: a $\n" });
      await repository.write("mixed", "1\n2\r\n");
      await repository.write("x.i", "$Id: b $\n");
      expect(await rawOf(repository, await takeLater())).toEqual({ mixed: "1\n2\r\n", "x.i": "$Id: b $\n" });
    },
  );

  test("[W-3] a manifest that somebody replaced is refused", async () => {
    const repository = await makeRepository();
    await repository.write("a", "a\n");
    await repository.commit();
    const { checkout } = await repository.watch();
    const head = await repository.git(["rev-parse", "HEAD"]);
    const forged = await repository.git(["commit-tree", "-p", head, "-m", "forged", `${head}^{tree}`]);
    await expect(repository.snapshots.manifest(checkout, forged)).rejects.toMatchObject({
      code: "UNPROCESSABLE",
    });
  });
});

describe("directories without git", () => {
  test("[W-3] have a repository of the program's own, without what can be made again", async () => {
    const repository = await makeRepository({ init: false });
    for (const path of [
      "a",
      "src/b",
      "node_modules/m/x",
      "src/node_modules/y",
      ".venv/z",
      "target/t",
      "dist/d",
    ])
      await repository.write(path, `${path}\n`);
    const watched = await repository.watch();
    expect(watched.kind).toBe("shadow");
    const first = await repository.snapshots.take(watched, REF);
    const list = async ({ tree }: Snapshot) => {
      const environment = { GIT_DIR: watched.checkout.gitDir };
      const { stdout } = await repository.runner.run(
        { directory: repository.base },
        ["ls-tree", "-r", "--name-only", tree],
        {
          environment,
        },
      );
      return String(stdout).trim().split("\n");
    };
    expect(await list(first)).toEqual(["a", "src/b"]);
    expect(first.head).toBeUndefined();
    expect(first.uncaptured).toEqual(
      [".venv/", "dist/", "node_modules/", "src/node_modules/", "target/"].map((path) => ({
        path,
        reason: "excluded",
      })),
    );
    await repository.write("a", "changed\n");
    await repository.remove("src/b");
    await mkdir(join(repository.path, "nested"));
    await repository.git(["init", "--quiet"], join(repository.path, "nested"));
    const [second, third] = await Promise.all([
      repository.snapshots.take(watched, `${REF}2`),
      repository.snapshots.take(watched, `${REF}3`),
    ]);
    expect(second.tree).toBe(third.tree);
    expect(await list(second)).toEqual(["a"]);
    expect(second.uncaptured.map(({ reason }) => reason)).toContain("nestedRepository");
    await expect(repository.readAt(join(repository.path, ".git"))).rejects.toThrow("ENOENT");
  });

  test("[W-3] a directory that its repository ignores as a whole is on its own", async () => {
    const repository = await makeRepository();
    await repository.write(".gitignore", "scratch/\n");
    await repository.write("scratch/x", "x\n");
    expect((await repository.watch(join(repository.path, "scratch"))).kind).toBe("shadow");
    expect((await repository.watch()).kind).toBe("repository");
  });

  test("[W-3] home, what is above it, and repositories that are all of it are refused; so are bare ones and missing directories", async () => {
    const repository = await makeRepository({ init: false });
    const off = async (root: string) => {
      const watched = await repository.snapshots.watch({ workspaceId: "wsp_test", root });
      return "off" in watched ? watched.off : "on";
    };
    await mkdir(join(repository.home, "project"));
    expect(await off("/")).toMatch(/home directory/);
    expect(await off(repository.home)).toMatch(/home directory/);
    expect(await off(repository.base)).toMatch(/home directory/);
    expect(await off(join(repository.home, "project"))).toBe("on");
    await repository.git(["init", "--quiet"], repository.home);
    expect(await off(join(repository.home, "project"))).toMatch(/whole home directory/);
    await rm(join(repository.home, ".git"), { recursive: true });
    await repository.git(["init", "--quiet", "--bare", "bare.git"]);
    expect(await off(join(repository.path, "bare.git"))).toMatch(/bare/);
    expect(await off(join(repository.path, "gone"))).toMatch(/gone/);
  });

  test("[W-3] what a killed server left half made is swept, and nothing else", async () => {
    const repository = await makeRepository({ init: false });
    await repository.write("a", "a\n");
    const watched = await repository.watch();
    await repository.snapshots.take(watched, REF);
    await mkdir(join(repository.data, "shadow", "wsp_x.git.making-00ff"));
    const temporary = repository.runner.temporary;
    await writeFile(join(temporary, `index-${"0a".repeat(12)}`), "");
    await writeFile(join(temporary, `index-${"0a".repeat(12)}.lock`), "");
    await writeFile(join(temporary, "somebody-elses"), "");
    await repository.snapshots.sweepTemporary();
    expect(await repository.leftovers()).toEqual(["somebody-elses"]);
    await repository.snapshots.take(watched, REF);
  });
});

describe("limits of a snapshot", () => {
  test("[W-3] are 50,000 files, 1 GiB, and 10 MB for one", () => {
    expect([SNAPSHOT_FILES, SNAPSHOT_BYTES, FILE_BYTES]).toEqual([50_000, 1024 ** 3, 10 * 1024 ** 2]);
  });

  test("[W-3] as many new files as are allowed, and not one more", async () => {
    const repository = await makeRepository({ init: false });
    const snapshots = repository.under(repository.data, { files: 20, bytes: 1_000 });
    for (let at = 0; at < 20; at += 1) await repository.write(`f${at}`, "");
    const watched = await repository.watch();
    await repository.write("one-more", "");
    await expect(snapshots.take(watched, REF)).rejects.toMatchObject({
      name: "SnapshotRefused",
      reason: "More than 20 changed or untracked files.",
    });
    await repository.remove("one-more");
    await snapshots.take(watched, REF);
    // What an earlier one holds is not new.
    await repository.write("one-more", "");
    await snapshots.take(watched, REF);
    expect(await repository.leftovers()).toEqual([]);
  });

  test("[W-3] as many new bytes as are allowed, and not one more", async () => {
    const repository = await makeRepository({ init: false });
    const snapshots = repository.under(repository.data, { files: 20, bytes: 1_000 });
    const watched = await repository.watch();
    await repository.write("a", Buffer.alloc(600));
    await repository.write("b", Buffer.alloc(401));
    await expect(snapshots.take(watched, REF)).rejects.toMatchObject({ name: "SnapshotRefused" });
    await repository.write("b", Buffer.alloc(400));
    await snapshots.take(watched, REF);
    await repository.write("c", Buffer.alloc(1_000));
    await snapshots.take(watched, REF);
  });
});
