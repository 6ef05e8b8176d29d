/** Content that git does not list, or cannot store: what the report says of it before a removal, and what comes back of it (W-10, W-11). */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { chmod, mkdir, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { isHoldfastError } from "@holdfast/kernel";
import type { RiskKind, RiskReport, Worktree } from "@holdfast/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OWNER, Room } from "./room.ts";

const isRoot = process.getuid?.() === 0;
const LARGE = 11 * 1024 * 1024;
const MAKING_MS = 240_000;

type Content = {
  name: string;
  make: (room: Room, path: string) => Promise<unknown>;
  /** Where the report names it, or nowhere. */
  says?: [RiskKind, path: string];
  /** Paths (or the directories above them) that do not come back. Default: everything does. */
  lost?: string;
};

const git = (room: Room, path: string, ...args: string[]) => Promise.resolve(room.git(args, path));

const fill = (room: Room, path: string, link: string) =>
  git(room, path, "submodule", "--quiet", "update", "--init", link);

const nest = async (room: Room, path: string, name: string, isCommitted: boolean) => {
  room.git(["init", "-q", join(path, name)]);
  await room.write(path, { [`${name}/n.txt`]: "nested\n" });
  if (!isCommitted) return;
  room.git(["add", "-A"], join(path, name));
  room.git(["commit", "-q", "-m", "nested"], join(path, name));
};

const listen = (path: string) =>
  new Promise<void>((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(path, resolve);
    server.unref();
  });

const CONTENTS: readonly Content[] = [
  {
    name: "a changed file that git was told to take as unchanged",
    async make(room, path) {
      room.git(["update-index", "--assume-unchanged", "assumed"], path);
      await room.write(path, { assumed: "changed\n" });
    },
    says: ["uncommitted", "assumed"],
  },
  {
    name: "a changed file that git was told to skip",
    async make(room, path) {
      room.git(["update-index", "--skip-worktree", "skipped"], path);
      await room.write(path, { skipped: "changed\n" });
    },
    says: ["uncommitted", "skipped"],
  },
  {
    name: "work below a submodule that was never filled",
    make: (room, path) => room.write(path, { "vendor/unfilled/deep/work.txt": "an hour\n" }),
    says: ["unlisted", "vendor/unfilled/deep/work.txt"],
  },
  {
    name: "links below a submodule that was never filled",
    make: (_room, path) => symlink("../nowhere", join(path, "vendor/unfilled/link")),
    says: ["unlisted", "vendor/unfilled/link"],
  },
  {
    name: "a submodule whose own .git is gone",
    async make(room, path) {
      await fill(room, path, "vendor/gone");
      await rm(join(path, "vendor/gone/.git"));
      await room.write(path, { "vendor/gone/work.txt": "work\n" });
    },
    says: ["unlisted", "vendor/gone/work.txt"],
  },
  {
    name: "a submodule whose own .git is no repository, over which git itself fails",
    async make(room, path) {
      await mkdir(join(path, "vendor/broken/.git"));
      await room.write(path, { "vendor/broken/work.txt": "work\n" });
    },
    says: ["unlisted", "vendor/broken/work.txt"],
  },
  {
    name: "a dirty submodule",
    async make(room, path) {
      await fill(room, path, "vendor/dirty");
      await room.write(path, { "vendor/dirty/o.txt": "edited\n", "vendor/dirty/new.txt": "n\n" });
    },
    says: ["submodule", "vendor/dirty"],
  },
  {
    name: "a submodule with a commit that nobody else has",
    async make(room, path) {
      await fill(room, path, "vendor/detached");
      await room.write(path, { "vendor/detached/o.txt": "committed\n" });
      room.git(["commit", "-q", "-am", "adrift"], join(path, "vendor/detached"));
    },
    says: ["submodule", "vendor/detached"],
  },
  {
    name: "a submodule that was moved by hand",
    async make(room, path) {
      await fill(room, path, "vendor/moved");
      await mkdir(join(path, "else"));
      await rename(join(path, "vendor/moved"), join(path, "else/moved"));
    },
    says: ["nestedRepository", "else/moved"],
  },
  {
    name: "a nested repository with a commit",
    make: (room, path) => nest(room, path, "nested/full", true),
    says: ["nestedRepository", "nested/full"],
  },
  {
    name: "a nested repository without commits, below a submodule that was never filled",
    make: (room, path) => nest(room, path, "vendor/unfilled/unborn", false),
    says: ["nestedRepository", "vendor/unfilled/unborn"],
  },
  {
    name: "a nested repository without commits",
    make: (room, path) => nest(room, path, "nested/unborn", false),
    says: ["nestedRepository", "nested/unborn"],
  },
  {
    name: "a .git directory that is no repository",
    make: (room, path) => room.write(path, { "half/.git/work.txt": "hidden\n", "half/x": "x\n" }),
    says: ["unlisted", "half/.git/work.txt"],
  },
  {
    name: "a .git file that leads nowhere",
    make: (room, path) => room.write(path, { "stray/.git": "gitdir: /nowhere\n" }),
    says: ["unlisted", "stray/.git"],
  },
  {
    name: ".GIT, which git refuses",
    make: (room, path) => room.write(path, { "deep/.GIT/work.txt": "refused\n" }),
    says: ["untracked", "deep/.GIT/work.txt"],
  },
  {
    name: "git~1, which git refuses",
    make: (room, path) => room.write(path, { "git~1": "refused\n" }),
    says: ["untracked", "git~1"],
  },
  {
    name: "names of which git takes the end away",
    make: (room, path) => room.write(path, { ".git ": "refused\n", "b/.git.": "refused\n" }),
    says: ["untracked", "b/.git."],
  },
  {
    name: "backslashes and line ends in names",
    make: (room, path) => room.write(path, { "back\\slash": "b\n", "line\nend": "l\n" }),
    says: ["untracked", "back\\slash"],
  },
  {
    name: "a name in two normal forms",
    make: (room, path) => room.write(path, { "caf\u00e9": "composed\n", "cafe\u0301": "decomposed\n" }),
    says: ["untracked", "cafe\u0301"],
  },
  {
    name: "a name that is not UTF-8, below a submodule that was never filled",
    async make(_room, path) {
      await mkdir(join(path, "vendor/unfilled"), { recursive: true });
      await writeFile(Buffer.concat([Buffer.from(`${path}/vendor/unfilled/`), Buffer.from([0xff])]), "b\n");
    },
    says: ["unlisted", "vendor/unfilled/\ufffd"],
  },
  {
    name: "empty directories",
    make: (_room, path) => mkdir(join(path, "empty/in/empty"), { recursive: true }),
  },
  {
    name: "a pipe",
    make: (_room, path) => Promise.resolve(execFileSync("sh", ["-c", "mkfifo pipe"], { cwd: path })),
    says: ["unsaved", "pipe"],
    lost: "pipe",
  },
  {
    name: "a socket where a tracked file was",
    async make(_room, path) {
      await rm(join(path, "b.txt"));
      await listen(join(path, "b.txt"));
    },
    says: ["unsaved", "b.txt"],
    lost: "b.txt",
  },
  {
    name: "a sparse file beyond the limit",
    async make(_room, path) {
      await writeFile(join(path, "huge"), "");
      await truncate(join(path, "huge"), 1024 ** 3 + 1);
    },
    says: ["unsaved", "huge"],
    lost: "huge",
  },
  {
    name: "a large file below a submodule that was never filled",
    make: (_room, path) => writeFile(join(path, "vendor/unfilled/large"), Buffer.alloc(LARGE * 2, "large")),
    says: ["unlisted", "vendor/unfilled/large"],
  },
  {
    name: "a large file whose line ends git converts",
    make: (_room, path) => writeFile(join(path, "crlf.text"), "l\r\nf\n".repeat(LARGE / 5)),
    says: ["untracked", "crlf.text"],
  },
  {
    name: "a file behind a filter that fails",
    make: (room, path) => room.write(path, { "secret.broken": "raw\n" }),
    says: ["untracked", "secret.broken"],
  },
  {
    name: "a tracked file behind a filter that fails now",
    make: (room, path) => room.write(path, { "tracked.broken": "edited it\n" }),
    says: ["uncommitted", "tracked.broken"],
  },
  {
    name: "a file behind a filter that throws it away",
    make: (room, path) => room.write(path, { "x.hostile": "not this\n" }),
    says: ["untracked", "x.hostile"],
  },
  {
    name: "a file that nobody may read",
    async make(room, path) {
      await room.write(path, { closed: "secret\n" });
      await chmod(join(path, "closed"), 0);
    },
    // The superuser may.
    says: isRoot ? ["untracked", "closed"] : ["unsaved", "closed"],
    ...(isRoot ? {} : { lost: "closed" }),
  },
  {
    name: "what git ignores",
    make: (room, path) => nest(room, path, "ignored", true),
    says: ["ignored", "ignored/"],
    lost: "ignored",
  },
];

/** Every entry below a directory: what it is, whether it runs, and its bytes. git's own at the top are left out. */
function pictureOf(top: string): Record<string, string> {
  const found: Record<string, string> = {};
  const walk = (key: string): void => {
    const at = (name: string) => Buffer.concat([Buffer.from(`${top}/`), Buffer.from(name, "latin1")]);
    for (const name of readdirSync(at(key), { encoding: "latin1" })) {
      const below = key === "" ? name : `${key}/${name}`;
      if (below === ".git") continue;
      const stats = lstatSync(at(below));
      if (stats.isDirectory()) {
        found[`${below}/`] = "directory";
        walk(below);
      } else if (stats.isSymbolicLink()) found[below] = `link ${readlinkSync(at(below))}`;
      else if (!stats.isFile() || stats.size > 1024 ** 3) found[below] = "special";
      else
        found[below] = `${stats.mode & 0o111} ${createHash("sha256")
          .update(readFileSync(at(below)))
          .digest("hex")}`;
    }
  };
  walk("");
  return found;
}

const LINKS = ["unfilled", "gone", "broken", "dirty", "detached", "moved"].map((name) => `vendor/${name}`);

async function open(): Promise<{ room: Room; worktree: Worktree }> {
  const room = await Room.open();
  const other = join(room.root, "other");
  room.git(["init", "-q", other]);
  await room.write(other, { "o.txt": "other\n" });
  room.git(["add", "-A"], other);
  room.git(["commit", "-q", "-m", "other"], other);
  const head = room.git(["rev-parse", "HEAD"], other);
  const modules = LINKS.map((link) => `[submodule "${link}"]\n\tpath = ${link}\n\turl = ${other}\n`);
  await room.makeRepository({
    "a.txt": "one\n",
    "b.txt": "two\n",
    assumed: "a\n",
    skipped: "s\n",
    "tracked.broken": "as it was\n",
    ".gitignore": "ignored/\n",
    ".gitattributes": "*.broken filter=broken\n*.hostile filter=hostile\n*.text text\n",
    ".gitmodules": modules.join(""),
  });
  for (const link of LINKS) room.git(["update-index", "--add", "--cacheinfo", `160000,${head},${link}`]);
  room.git(["commit", "-q", "-m", "links"]);
  const { worktree } = await room.create();
  return { room, worktree };
}

/** From here on every git that looks at such a file again fails. */
function breakFilters(room: Room): void {
  const filters = { "broken.clean": "exit 1", "broken.smudge": "exit 1", "hostile.clean": "true" };
  for (const [name, value] of Object.entries({ ...filters, "broken.required": "true" }))
    room.git(["config", `filter.${name}`, value]);
}

describe("[W-10, W-11] content that git does not list", () => {
  let room: Room;
  let worktree: Worktree;
  let report: RiskReport;
  let refused: unknown;
  let removed: Worktree;
  let before: Record<string, string>;
  let untouched: Record<string, string>;
  let after: Record<string, string>;
  const statuses: string[] = [];

  beforeAll(async () => {
    ({ room, worktree } = await open());
    const { path, id } = worktree;
    for (const content of CONTENTS) await content.make(room, path);
    await chmod(join(path, "half/.git/work.txt"), 0o640);
    breakFilters(room);
    before = pictureOf(path);
    report = await room.worktrees.risk(id);
    const options = { skipTeardown: false, actor: OWNER };
    refused = await room.worktrees
      .remove(id, { ...options, discard: false })
      .catch((error: unknown) => error);
    untouched = pictureOf(path);
    statuses.push(room.git(["status", "--porcelain"], join(path, "vendor/dirty")));
    removed = await room.worktrees.remove(id, { ...options, discard: true });
    await room.worktrees.restore(id, { from: "rescue", actor: OWNER });
    after = pictureOf(path);
    statuses.push(room.git(["status", "--porcelain"], join(path, "vendor/dirty")));
  }, MAKING_MS);
  afterAll(() => room[Symbol.asyncDispose]());

  test("[W-10] without discard nothing of it is touched, and the report leaves no question open", () => {
    expect(isHoldfastError(refused, "RISK_UNCONFIRMED")).toBe(true);
    expect(untouched).toEqual(before);
    expect(report.risks.filter(({ kind }) => kind === "unknown")).toEqual([]);
  });

  test.each(CONTENTS)("[W-10, W-11] $name", ({ says, lost, make: _make }) => {
    if (says !== undefined) {
      const [kind, path] = says;
      const risk = report.risks.find((each) => each.kind === kind);
      expect(risk?.paths).toContain(path);
      const isKept = kind !== "ignored" && kind !== "unsaved";
      expect(risk?.rescued).toBe(isKept);
      const elsewhere = report.risks.filter((each) => each !== risk && each.paths?.includes(path));
      expect(elsewhere.filter((each) => each.rescued !== isKept)).toEqual([]);
    }
    if (lost !== undefined) expect(before[lost] ?? before[`${lost}/`]).toBeDefined();
  });

  test("[W-11] with discard it goes, and names what was lost; the rescue says what it holds beside its tree", () => {
    expect(removed).toMatchObject({ state: "removed", note: expect.stringContaining("huge") as string });
    expect(removed.rescue?.besides).toBeGreaterThan(50);
  });

  test("[W-11] everything but what the report called lost comes back as it was", () => {
    const gone = CONTENTS.flatMap(({ lost }) => lost ?? []);
    const isLost = (key: string) => gone.some((each) => key === each || key.startsWith(`${each}/`));
    const kept = (picture: Record<string, string>) =>
      Object.fromEntries(Object.entries(picture).filter(([key]) => !isLost(key)));
    expect(kept(after)).toEqual(kept(before));
    expect(Object.keys(before).length).toBeGreaterThan(100);
    expect(lstatSync(join(worktree.path, "half/.git/work.txt")).mode & 0o777).toBe(0o640);
    expect(statuses[1]).toBe(statuses[0]);
    expect(room.git(["log", "-1", "--format=%s"], join(worktree.path, "vendor/detached"))).toBe("adrift");
  });
});
