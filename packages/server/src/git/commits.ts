import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DURABLE } from "./objects.ts";
import type { GitRunner } from "./runner.ts";
import { type GitSite, runGit, siteOf } from "./site.ts";

/** Author of every commit that the program makes (W-3). */
export const AUTHOR = { name: "Holdfast", email: "holdfast@localhost" };

export type CommitOptions = {
  parents?: readonly string[];
  /** Milliseconds since the epoch; default now. Commits of equal content and time are the same commit. */
  time?: number;
};

/** Stores a commit of a tree, without signing, hooks or the user's name. Durable. */
export async function commitTree(
  site: GitSite,
  tree: string,
  message: string,
  options: CommitOptions = {},
): Promise<string> {
  const seconds = `@${Math.max(0, Math.floor((options.time ?? site.git.clock.now()) / 1_000))} +0000`;
  const args = ["commit-tree", ...(options.parents ?? []).flatMap((parent) => ["-p", parent]), tree];
  const { text } = await runGit(site, args, {
    stdin: message,
    config: DURABLE,
    environment: {
      GIT_AUTHOR_NAME: AUTHOR.name,
      GIT_AUTHOR_EMAIL: AUTHOR.email,
      GIT_AUTHOR_DATE: seconds,
      GIT_COMMITTER_NAME: AUTHOR.name,
      GIT_COMMITTER_EMAIL: AUTHOR.email,
      GIT_COMMITTER_DATE: seconds,
    },
  });
  return text;
}

/** How refs of our own are written: durable, without reflogs. */
export const REF_CONFIG = [...DURABLE, "core.logAllRefUpdates=false"];

/** Makes or moves a ref, without reflog or hooks, and waits until it is on the disk (W-9). With `old` only from there; all zeros: only a new one. */
export async function updateRef(
  site: GitSite & { commonDir: string },
  ref: string,
  commit: string,
  old?: string,
): Promise<void> {
  const value = old === undefined ? [] : [old];
  await runGit(site, ["update-ref", "--no-deref", ref, commit, ...value], { config: REF_CONFIG });
  await syncRef(site.commonDir, ref);
}

/**
 * Brings the name of a ref to the disk; git syncs its content alone. The names of git's directory are there when the newest of them is: the journal
 * keeps their order. No file where refs are stored otherwise.
 */
export async function syncRef(commonDir: string, ref: string): Promise<void> {
  const handle = await open(join(commonDir, dirname(ref)), "r").catch(() => undefined);
  try {
    await handle?.sync();
  } finally {
    await handle?.close();
  }
}

/** The commit that a ref names. */
export async function readRef(site: GitSite, ref: string): Promise<string | undefined> {
  const { exitCode, text } = await runGit(
    site,
    ["rev-parse", "--verify", "--quiet", "--end-of-options", ref],
    {
      exits: [0, 1, 128],
    },
  );
  return exitCode === 0 ? text : undefined;
}

/** Every ref below a prefix such as `refs/holdfast/op/x/`, or that one ref itself, with its object. */
export async function listRefs(site: GitSite, prefix: string): Promise<{ ref: string; object: string }[]> {
  const { stdout } = await runGit(site, ["for-each-ref", "--format=%(objectname) %(refname)", prefix]);
  return stdout
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => ({ object: line.slice(0, line.indexOf(" ")), ref: line.slice(line.indexOf(" ") + 1) }));
}

/** Deletes refs; those that are gone already are no error. */
export async function deleteRefs(site: GitSite, refs: readonly string[]): Promise<void> {
  if (refs.length === 0) return;
  const stdin = refs.map((ref) => `delete ${ref}\0\0`).join("");
  await runGit(site, ["update-ref", "--no-deref", "--stdin", "-z"], { stdin, config: REF_CONFIG });
}

/** Whether `commit` is in the history of `of` (default HEAD). False also when one of them does not exist. */
export async function isAncestor(site: GitSite, commit: string, of = "HEAD"): Promise<boolean> {
  const { exitCode } = await runGit(site, ["merge-base", "--is-ancestor", commit, of], {
    exits: [0, 1, 128],
  });
  return exitCode === 0;
}

/** The full name of a local branch. */
export const headRef = (branch: string): string => `refs/heads/${branch}`;

/** `updateRef` in the repository of a directory. */
export async function setRef(git: GitRunner, directory: string, ref: string, commit: string): Promise<void> {
  const common = ["rev-parse", "--path-format=absolute", "--git-common-dir"];
  const site = await siteOf(git, directory);
  const { text } = await runGit(site, common);
  await updateRef({ ...site, commonDir: text }, ref, commit);
}

/** Deletes a branch that still is at `tip`, with its reflog. Durable. */
export async function deleteBranch(
  git: GitRunner,
  directory: string,
  branch: string,
  tip: string,
): Promise<void> {
  const args = ["update-ref", "--no-deref", "-d", headRef(branch), tip];
  await runGit(await siteOf(git, directory), args, { config: DURABLE });
}
