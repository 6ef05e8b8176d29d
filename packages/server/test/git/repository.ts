/**
 * Repositories for tests: real git, in a directory of their own, without the configuration of the machine. Every one of them is looked at again when the
 * test ends: what the program did may not have touched the user's index, HEAD, branches, stash, reflogs or configuration (W-3).
 */
import { deepStrictEqual } from "node:assert";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { silentLogger, systemClock } from "@holdfast/kernel";
import { afterEach } from "vitest";
import { findRepository, GitRunner, type Checkout, checkoutOf } from "../../src/git/index.ts";
import {
  createSnapshots,
  type SnapshotLimits,
  type Snapshots,
  type Watched,
} from "../../src/snapshot/index.ts";

const run = promisify(execFile);
const OUTPUT_BYTES = 64 * 1024 * 1024;

/** What git shows of itself to its user. */
type GitState = Record<"index" | "head" | "refs" | "stash" | "reflogs" | "config", string>;

const made: TestRepository[] = [];

afterEach(async () => {
  const all = made.splice(0);
  try {
    for (const repository of all) await repository.untouched();
  } finally {
    for (const repository of all) await rm(repository.base, { recursive: true, force: true, maxRetries: 5 });
  }
});

export class TestRepository {
  /** Real path of the directory that everything of it stands in. */
  readonly base: string;
  /** The top of the checkout. */
  readonly path: string;
  readonly home: string;
  readonly data: string;
  readonly environment: Record<string, string>;
  readonly runner: GitRunner;
  readonly snapshots: Snapshots;
  #state: GitState | undefined;

  constructor(base: string) {
    this.base = base;
    this.path = join(base, "checkout");
    this.home = join(base, "home");
    this.data = join(base, "data");
    this.environment = {
      PATH: process.env["PATH"] ?? "",
      HOME: this.home,
      XDG_CONFIG_HOME: join(this.home, ".config"),
    };
    this.runner = new GitRunner({
      clock: systemClock,
      logger: silentLogger,
      environment: this.environment,
      temporary: join(this.data, "tmp"),
    });
    this.snapshots = createSnapshots({ git: this.runner, dataDirectory: this.data, home: this.home });
  }

  /** The user's own git at the top of the checkout, or in `directory`; answers stdout without the last line end. What it changes is the user's doing. */
  async git(
    args: readonly string[],
    directory = this.path,
    encoding: "utf8" | "latin1" = "utf8",
  ): Promise<string> {
    try {
      const { stdout } = await run("git", ["-c", "init.defaultBranch=main", ...args], {
        cwd: directory,
        maxBuffer: OUTPUT_BYTES,
        encoding,
        env: {
          ...this.environment,
          GIT_CONFIG_NOSYSTEM: "1",
          GIT_AUTHOR_NAME: "Somebody",
          GIT_AUTHOR_EMAIL: "somebody@localhost",
          GIT_COMMITTER_NAME: "Somebody",
          GIT_COMMITTER_EMAIL: "somebody@localhost",
        },
      });
      return stdout.replace(/\n$/, "");
    } finally {
      await this.settle();
    }
  }

  /** Writes a file below the top; directories are made. */
  async write(name: string | Buffer, content: string | Uint8Array, mode?: number): Promise<void> {
    const path = this.at(name);
    await mkdir(Buffer.from(dirname(path.toString("latin1")), "latin1"), { recursive: true });
    await writeFile(path, content);
    if (mode !== undefined) await chmod(path, mode);
  }

  async link(name: string, target: string): Promise<void> {
    await mkdir(dirname(join(this.path, name)), { recursive: true });
    await symlink(target, join(this.path, name));
  }

  async mkfifo(name: string): Promise<void> {
    await run("mkfifo", [join(this.path, name)]);
  }

  /** Snapshots of a server whose data directory is elsewhere, or that allows less. */
  under(data: string, limits?: Partial<SnapshotLimits>): Snapshots {
    return createSnapshots({
      git: this.runner,
      dataDirectory: data,
      home: this.home,
      ...(limits === undefined ? {} : { limits }),
    });
  }

  /** Snapshots of a server whose clock is ahead. */
  laterBy(ms: number): Snapshots {
    const git = new GitRunner({
      clock: { ...systemClock, now: () => systemClock.now() + ms },
      logger: silentLogger,
      environment: this.environment,
      temporary: join(this.data, "tmp"),
    });
    return createSnapshots({ git, dataDirectory: this.data, home: this.home });
  }

  /** What the program left in its directory for temporary files. */
  async leftovers(): Promise<string[]> {
    return readdir(this.runner.temporary);
  }

  /** Makes a directory somebody else's; for root only. */
  async giveAway(path: string): Promise<void> {
    await chown(path, 65_534, 65_534);
    await chown(join(path, ".git"), 65_534, 65_534);
  }

  async readAt(path: string): Promise<Buffer> {
    return readFile(path);
  }

  async read(name: string | Buffer): Promise<Buffer> {
    return readFile(this.at(name));
  }

  async remove(name: string | Buffer): Promise<void> {
    await rm(this.at(name), { recursive: true });
  }

  at(name: string | Buffer): Buffer {
    return Buffer.concat([Buffer.from(`${this.path}/`), Buffer.from(name)]);
  }

  /** Everything in the checkout into a commit; answers its id. */
  async commit(message = "work"): Promise<string> {
    await this.git(["add", "-A"]);
    await this.git(["commit", "--quiet", "--allow-empty", "-m", message]);
    return this.git(["rev-parse", "HEAD"]);
  }

  /** The place of a directory of the repository; default its top. */
  async checkout(directory = this.path): Promise<Checkout> {
    const repository = await findRepository(this.runner, directory);
    if (repository === undefined) throw new Error(`${directory} is in no repository`);
    return checkoutOf(this.runner, repository);
  }

  async watch(root = this.path): Promise<Watched> {
    const watched = await this.snapshots.watch({ workspaceId: "wsp_test", root });
    if ("off" in watched) throw new Error(watched.off);
    return watched;
  }

  /** Paths (as Latin-1) and blobs of a tree or commit, by what git prints of them. */
  async tree(treeish: string): Promise<Map<string, { mode: string; blob: string }>> {
    const text = await this.git(["ls-tree", "-r", "-z", "--full-tree", treeish], this.path, "latin1");
    const entries = text.split("\0").filter((line) => line !== "");
    return new Map(
      entries.map((line) => {
        const end = line.indexOf("\t");
        const [, mode = "", blob = ""] = /^(\d+) \w+ (\w+)$/.exec(line.slice(0, end)) ?? [];
        return [line.slice(end + 1), { mode, blob }];
      }),
    );
  }

  /** From here on nothing may change; called by itself after each of the user's commands. */
  async settle(): Promise<void> {
    this.#state = await this.#look();
  }

  /** Fails when git's own files are not what the user's last command left. */
  async untouched(): Promise<void> {
    deepStrictEqual(await this.#look(), this.#state);
  }

  async #look(): Promise<GitState> {
    const directory = join(this.path, ".git");
    const hash = async (path: string) =>
      readFile(path).then(
        (bytes) => createHash("sha256").update(bytes).digest("hex"),
        () => "none",
      );
    const files = async (below: string): Promise<string> => {
      const entries = await readdir(join(directory, below), { recursive: true, withFileTypes: true }).catch(
        () => [],
      );
      const names = entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((name) => !name.includes("/refs/holdfast/"))
        .toSorted();
      return (await Promise.all(names.map(async (name) => `${name} ${await hash(name)}`))).join("\n");
    };
    return {
      index: await hash(join(directory, "index")),
      head: await hash(join(directory, "HEAD")),
      refs: `${await files("refs")}\n${await hash(join(directory, "packed-refs"))}`,
      stash: await hash(join(directory, "logs", "refs", "stash")),
      reflogs: await files("logs"),
      config: await hash(join(directory, "config")),
    };
  }
}

/** A repository without commits, or with `init: false` a directory that is none. It is gone when the test has ended. */
export async function makeRepository({ init = true, format = "sha1" } = {}): Promise<TestRepository> {
  const base = await realpath(await mkdtemp(join(tmpdir(), "holdfast-repository-")));
  const repository = new TestRepository(base);
  for (const directory of [repository.path, repository.home, repository.data]) await mkdir(directory);
  made.push(repository);
  if (init) await repository.git(["init", "--quiet", `--object-format=${format}`]);
  else await repository.settle();
  return repository;
}
