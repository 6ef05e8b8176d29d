/** Commits as seen from a directory: the top of a checkout, or a repository's common directory. */
import { commitTree, headRef } from "./commits.ts";
import { readHead } from "./repository.ts";
import type { GitRunner } from "./runner.ts";
import { lineFrom, linesFrom, siteOf } from "./site.ts";

/** More than this many are held one by one, also where one reaches another. */
const INDEPENDENT_COMMITS = 64;

/** The id of the commit that a name means; `undefined` when there is none. */
export function commitOf(git: GitRunner, directory: string, name: string): Promise<string | undefined> {
  return lineFrom(git, directory, [
    "rev-parse",
    "--verify",
    "--quiet",
    "--end-of-options",
    `${name}^{commit}`,
  ]);
}

/** The id of its tree. Rejects GitError when there is no such commit. */
export async function treeOfCommit(git: GitRunner, directory: string, commit: string): Promise<string> {
  const args = ["rev-parse", "--verify", "--end-of-options", `${commit}^{tree}`];
  return (await linesFrom(git, directory, args))[0] ?? "";
}

/** When a commit was made, in ms, to the second. */
export async function timeOf(git: GitRunner, directory: string, commit: string): Promise<number> {
  const [line = ""] = await linesFrom(git, directory, ["rev-list", "--max-count=1", "--timestamp", commit]);
  return Number(line.split(" ")[0]) * 1_000;
}

/** The commit of a local branch, named without `refs/heads/`. */
export function branchTip(git: GitRunner, directory: string, branch: string): Promise<string | undefined> {
  return commitOf(git, directory, headRef(branch));
}

/** HEAD of a checkout; `branch` is a full ref, absent when HEAD is on none, and there before the first commit too. */
export async function headOf(
  git: GitRunner,
  directory: string,
): Promise<{ commit: string | undefined; branch: string | undefined }> {
  const { head, unbornBranch } = await readHead(await siteOf(git, directory));
  return { commit: head?.commit, branch: head === undefined ? unbornBranch : head.branch };
}

/** Whether a commit is reachable from a ref below `prefix`. */
export async function isHeldBy(
  git: GitRunner,
  directory: string,
  commit: string,
  prefix: string,
): Promise<boolean> {
  const args = ["for-each-ref", "--count=1", "--format=%(refname)", "--contains", commit, prefix];
  return (await linesFrom(git, directory, args)).length > 0;
}

/** Those of the commits that `holder` does not reach, without those that another of them reaches. */
export async function independent(
  git: GitRunner,
  directory: string,
  commits: readonly string[],
  holder: string | undefined,
): Promise<string[]> {
  if (commits.length === 0) return [];
  const input = `${commits.join("\n")}\n${holder === undefined ? "" : `^${holder}\n`}`;
  const unheld = new Set(await linesFrom(git, directory, ["rev-list", "--stdin"], input));
  const left = commits.filter((commit) => unheld.has(commit));
  return left.length < 2 || left.length > INDEPENDENT_COMMITS
    ? left
    : linesFrom(git, directory, ["merge-base", "--independent", ...left]);
}

/** What is staged, as a commit; `undefined` when it is HEAD's tree, or `known`, or cannot be a tree because of conflicts. */
export async function commitIndex(
  git: GitRunner,
  directory: string,
  head: string | undefined,
  known: string,
): Promise<string | undefined> {
  const tree = await lineFrom(git, directory, ["write-tree"]);
  if (tree === undefined || tree === known) return undefined;
  if (head !== undefined && (await treeOfCommit(git, directory, head)) === tree) return undefined;
  const parents = head === undefined ? [] : [head];
  return commitTree(await siteOf(git, directory), tree, "What was staged in a worktree", { parents });
}
