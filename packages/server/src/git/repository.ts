import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { isGitError } from "./git-error.ts";
import { keyOf } from "./git-path.ts";
import type { GitRunner } from "./runner.ts";
import { type GitSite, runGit } from "./site.ts";

export type Head = {
  commit: string;
  /** Full name, `refs/heads/...`; absent when detached. */ branch?: string;
};

/** A git repository as seen from a directory. Paths are absolute and real. */
export type Repository = {
  /** Top of the checkout; absent in a bare repository and inside of git's own directory. */
  top?: string;
  /** git's directory of this checkout: a linked worktree has its own. */
  gitDir: string;
  /** The one that all checkouts share. */
  commonDir: string;
  /** Where the directory stands below the top: empty, or with a slash at the end. */
  prefix: string;
  /** Absent before the first commit. */
  head?: Head;
  /** Full name of the branch that the first commit will make, before there is one. */
  unbornBranch?: string;
  isBare: boolean;
  isUnborn: boolean;
};

/** Files below a root, and the objects and refs that go with them. git runs at the top of the checkout. */
export type Checkout = GitSite & {
  gitDir: string;
  commonDir: string;
  /** Top of git's checkout. */
  workTree: string;
  /** Where the root stands below it: empty, or with a slash at the end. */
  prefix: string;
  /** Real path. Keys are relative to it. */
  root: string;
};

/**
 * The repository that a directory is in, or `undefined` when it is in none. Rejects GitError: `dubiousOwnership` when git refuses it for its owner,
 * `missing` when the directory is gone.
 */
export async function findRepository(git: GitRunner, directory: string): Promise<Repository | undefined> {
  const where = { directory };
  const first = await askAll(git, where, [
    "--is-bare-repository",
    "--is-inside-work-tree",
    "--absolute-git-dir",
    "--git-common-dir",
  ]).catch((error: unknown) => {
    if (isGitError(error, "failed") && /not a git repository/i.test(error.stderrTail)) return undefined;
    throw error;
  });
  if (first === undefined) return undefined;
  const [isBare = "", isInside = "", gitDir = "", commonDir = ""] = first;
  const [head, tops] = await Promise.all([
    readHead({ git, directory }),
    isInside === "true" ? askAll(git, where, ["--show-toplevel", "--show-prefix"]) : [],
  ]);
  const [top, prefix = ""] = tops;
  return {
    ...(top === undefined ? {} : { top: await realpath(top) }),
    gitDir: await realpath(gitDir),
    commonDir: await realpath(commonDir),
    prefix,
    ...head,
    isBare: isBare === "true",
    isUnborn: head.head === undefined,
  };
}

/** What `rev-parse` answers to each question: in one run, and where a path holds a line end one by one. */
async function askAll(
  git: GitRunner,
  where: { directory: string },
  questions: readonly string[],
): Promise<string[]> {
  const ask = async (some: readonly string[]) =>
    (await git.run(where, ["rev-parse", "--path-format=absolute", ...some])).text;
  const lines = (await ask(questions)).split("\n");
  if (lines.length === questions.length) return lines;
  return Promise.all(questions.map((question) => ask([question])));
}

/** Where HEAD stands now. */
export async function readHead(site: GitSite): Promise<Pick<Repository, "head" | "unbornBranch">> {
  const [commit, branch] = await Promise.all([
    runGit(site, ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], { exits: [0, 1, 128] }),
    runGit(site, ["symbolic-ref", "--quiet", "HEAD"], { exits: [0, 1, 128] }),
  ]);
  const name = branch.exitCode === 0 && branch.text !== "" ? branch.text : undefined;
  if (commit.exitCode !== 0) return name === undefined ? {} : { unbornBranch: name };
  return { head: { commit: commit.text, ...(name === undefined ? {} : { branch: name }) } };
}

/** The place of a directory of a checkout, watched alone; without `directory` the whole checkout. Throws a RangeError for a repository without one. */
export function checkoutOf(
  git: GitRunner,
  repository: Repository,
  directory: "top" | "prefix" = "prefix",
): Checkout {
  const { top, gitDir, commonDir } = repository;
  if (top === undefined) throw new RangeError(`${gitDir} has no checkout.`);
  const prefix = directory === "top" ? "" : repository.prefix;
  return {
    git,
    directory: top,
    gitDir,
    commonDir,
    workTree: top,
    prefix,
    root: prefix === "" ? top : join(top, prefix.slice(0, -1)),
  };
}

/** Whether the checkout leaves off the disk what is outside of its patterns. */
export async function isSparse(checkout: Checkout): Promise<boolean> {
  const args = ["config", "--type=bool", "core.sparseCheckout"];
  return (await runGit(checkout, args, { exits: [0, 1] })).text === "true";
}

/** The name that git knows a key of this place by: relative to the top. */
export function namedFromTop(checkout: Checkout, key: string): string {
  return keyOf(checkout.prefix) + key;
}
