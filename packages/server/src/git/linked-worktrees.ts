/** git's own worktrees: the entries that a repository keeps of them, read from its files so that half-made and damaged ones are seen too. */
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { headRef } from "./commits.ts";
import { DURABLE } from "./objects.ts";
import type { GitRunner } from "./runner.ts";
import { lineFrom, textFrom } from "./site.ts";

/** How long a checkout may take, in ms: with large files behind a filter it comes over the network. */
export const CHECKOUT_MS = 600_000;

/** git's own record of one worktree. `admin` is its directory in the repository. */
export type Entry = {
  admin: string;
  /** The top of the worktree it points back to. */
  path: string;
  lockReason: string | undefined;
  /** The commit or `ref: ...`, as the file has it. */
  head: string | undefined;
};

/** Every entry of a repository. Rejects when its directory cannot be read for another reason than that there is none. */
export async function readWorktreeEntries(repository: string): Promise<Entry[]> {
  const directory = join(repository, "worktrees");
  const names = await readdir(directory).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  });
  return Promise.all(names.map((name) => readEntry(join(directory, name))));
}

async function readEntry(admin: string): Promise<Entry> {
  const [gitdir, locked, head] = await Promise.all(
    ["gitdir", "locked", "HEAD"].map((name) => textOfFile(join(admin, name))),
  );
  return {
    admin,
    path: gitdir === undefined || gitdir === "" ? "" : dirname(resolve(admin, gitdir)),
    lockReason: locked,
    head,
  };
}

/** A small file of git's, without the white space around; `undefined` when it cannot be read. */
export function textOfFile(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
}

/** Whether a worktree of the repository, or its own checkout, is on the branch. */
export async function isBranchInUse(repository: string, branch: string): Promise<boolean> {
  const entries = await readWorktreeEntries(repository);
  const heads = [await textOfFile(join(repository, "HEAD")), ...entries.map((entry) => entry.head)];
  return heads.includes(`ref: ${headRef(branch)}`);
}

export type NewWorktree = {
  top: string;
  path: string;
  commit: string;
  on: { newBranch: string } | { branch: string } | "detached";
  reason: string;
  hooks: boolean;
  /** Default true; else there are no files yet, and no index. */
  checkout?: boolean;
};

/** `git worktree add`, locked from the start by our reason and tracking nothing (W-2). Durable. */
export async function addWorktree(
  git: GitRunner,
  { top, path, commit, on, reason, hooks, checkout = true }: NewWorktree,
): Promise<void> {
  const files = checkout ? [] : ["--no-checkout"];
  const start = ["worktree", "add", "--lock", "--reason", reason, ...files];
  const rest =
    on === "detached"
      ? ["--detach", path, commit]
      : "branch" in on
        ? [path, on.branch]
        : ["--no-track", "-b", on.newBranch, path, commit];
  await textFrom(git, top, [...start, ...rest], { timeoutMs: CHECKOUT_MS, hooks, config: DURABLE });
}

/** git's own removal of one entry whose directory is gone; twice forced, because it is locked. */
export async function dropEntry(git: GitRunner, repository: string, path: string): Promise<void> {
  await textFrom(git, repository, ["worktree", "remove", "--force", "--force", path]);
}

/** Top of the repository's own checkout; `undefined` for a bare one. */
export async function checkoutTop(git: GitRunner, repository: string): Promise<string | undefined> {
  if (basename(repository) !== ".git") return undefined;
  return (await lineFrom(git, repository, ["config", "--type=bool", "core.bare"])) === "true"
    ? undefined
    : dirname(repository);
}
