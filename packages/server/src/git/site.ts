import { join } from "node:path";
import { isGitError } from "./git-error.ts";
import { lookAt } from "./look-at.ts";
import type { GitOptions, GitResult, GitRunner, GitWhere } from "./runner.ts";

/** Where git runs, and the runner. A `Checkout` is one; so is a repository without a checkout. */
export type GitSite = GitWhere & { git: GitRunner };

/** Runs git there. Rejects GitError. */
export function runGit(
  { git, directory, gitDir, workTree }: GitSite,
  args: readonly string[],
  options?: GitOptions,
): Promise<GitResult> {
  return git.run({ directory, gitDir, workTree }, args, options);
}

/**
 * The site of a directory that is the top of a checkout, or a repository's common directory. The latter is named: whoever set `safe.bareRepository` wants
 * none to be found, and nothing above is taken for the repository of a checkout that lost its own.
 */
export async function siteOf(git: GitRunner, directory: string): Promise<GitSite> {
  const isCheckout = (await lookAt(join(directory, ".git"))) !== undefined;
  return isCheckout ? { git, directory } : { git, directory, gitDir: directory };
}

/** stdout as bytes in Latin-1, so that any path comes back as it is. */
export async function textFrom(
  git: GitRunner,
  directory: string,
  args: readonly string[],
  options?: GitOptions,
): Promise<string> {
  return (await runGit(await siteOf(git, directory), args, options)).stdout.toString("latin1");
}

/** The same line by line, without empty ones. Rejects GitError. */
export async function linesFrom(
  git: GitRunner,
  directory: string,
  args: readonly string[],
  input?: string,
): Promise<string[]> {
  const options = input === undefined ? {} : { stdin: Buffer.from(input, "latin1") };
  const text = await textFrom(git, directory, args, options);
  return text.split("\n").filter((line) => line !== "");
}

/** The first line, or `undefined` when git says no by its exit code. */
export async function lineFrom(
  git: GitRunner,
  directory: string,
  args: readonly string[],
): Promise<string | undefined> {
  try {
    return (await linesFrom(git, directory, args))[0];
  } catch (error) {
    if (isGitError(error, "failed")) return undefined;
    throw error;
  }
}
