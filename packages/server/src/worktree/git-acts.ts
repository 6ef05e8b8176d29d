/** The git commands of this room, over the one runner. Texts are bytes as Latin-1, so that any path comes back as it is. */
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import {
  AUTHOR,
  DURABLE,
  type GitOptions,
  type GitRunner,
  type GitWhere,
  isGitError,
  REF_CONFIG,
  syncRef,
} from "./git/index.ts";
import { headRef } from "./names.ts";
import { lookAt, readEntries } from "./standing.ts";

/** How long a checkout may take, in ms: with large files behind a filter it comes over the network. */
const CHECKOUT_MS = 600_000;

async function tell(
  git: GitRunner,
  directory: string,
  args: readonly string[],
  options: GitOptions = {},
): Promise<string> {
  return (await git.run(await whereOf(directory), args, options)).stdout.toString("latin1");
}

/** A place is the top of a checkout or a repository's common directory. The latter is named: whoever set `safe.bareRepository` wants none to be found. */
async function whereOf(directory: string): Promise<GitWhere> {
  const isCheckout = (await lookAt(join(directory, ".git"))) !== undefined;
  return isCheckout ? { directory } : { directory, gitDir: directory };
}

/** A write that is on the disk when it is answered (W-9). */
function write(
  git: GitRunner,
  directory: string,
  args: readonly string[],
  options: GitOptions = {},
): Promise<string> {
  return tell(git, directory, args, { ...options, config: [...DURABLE, ...(options.config ?? [])] });
}

/** What git answers, line by line, without empty ones. Rejects GitError. */
export async function lines(
  git: GitRunner,
  place: string,
  args: readonly string[],
  input?: string,
): Promise<string[]> {
  const text = await tell(
    git,
    place,
    args,
    input === undefined ? {} : { stdin: Buffer.from(input, "latin1") },
  );
  return text.split("\n").filter((line) => line !== "");
}

const line = async (
  git: GitRunner,
  place: string,
  args: readonly string[],
  input?: string,
): Promise<string> => (await lines(git, place, args, input))[0] ?? "";

/** An answer, or `undefined` when git says no by its exit code. */
async function maybe(git: GitRunner, place: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const answer = await line(git, place, args);
    return answer === "" ? undefined : answer;
  } catch (error) {
    if (isGitError(error, "failed")) return undefined;
    throw error;
  }
}

/** The id of the commit that a name means; `undefined` when there is none. */
export function commitOf(git: GitRunner, place: string, name: string): Promise<string | undefined> {
  return maybe(git, place, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`]);
}

/** The id of its tree. Rejects GitError when there is no such commit. */
export function treeOfCommit(git: GitRunner, place: string, commit: string): Promise<string> {
  return line(git, place, ["rev-parse", "--verify", "--end-of-options", `${commit}^{tree}`]);
}

/** When a commit was made, in ms, to the second. */
export async function timeOf(git: GitRunner, place: string, commit: string): Promise<number> {
  const [seconds] = (await line(git, place, ["rev-list", "--max-count=1", "--timestamp", commit])).split(" ");
  return Number(seconds) * 1_000;
}

/** The commit of a local branch, named without `refs/heads/`. */
export function branchTip(git: GitRunner, repository: string, branch: string): Promise<string | undefined> {
  return commitOf(git, repository, headRef(branch));
}

/** HEAD of a worktree; `branch` is a full ref, absent when HEAD is on none. */
export async function headOf(
  git: GitRunner,
  path: string,
): Promise<{ commit: string | undefined; branch: string | undefined }> {
  const [commit, branch] = await Promise.all([
    commitOf(git, path, "HEAD"),
    maybe(git, path, ["symbolic-ref", "--quiet", "HEAD"]),
  ]);
  return { commit, branch };
}

/** Makes or moves a ref. It is on the disk when this resolves: what it rescues may be taken away then (W-11). */
export async function setRef(git: GitRunner, place: string, ref: string, commit: string): Promise<void> {
  await tell(git, place, ["update-ref", "--no-deref", ref, commit], { config: REF_CONFIG });
  const { text } = await git.run(await whereOf(place), [
    "rev-parse",
    "--path-format=absolute",
    "--git-common-dir",
  ]);
  await syncRef(text, ref);
}

/** A ref that is not there is fine. */
export async function deleteRef(git: GitRunner, place: string, ref: string): Promise<void> {
  await write(git, place, ["update-ref", "--no-deref", "-d", ref]);
}

/** Full names of the refs below a prefix, or of that ref. */
export function listRefs(git: GitRunner, place: string, prefix: string): Promise<string[]> {
  return lines(git, place, ["for-each-ref", "--format=%(refname)", prefix]);
}

/** Deletes a branch that still is at `tip`, with its reflog. */
export async function deleteBranch(
  git: GitRunner,
  place: string,
  branch: string,
  tip: string,
): Promise<void> {
  await write(git, place, ["update-ref", "--no-deref", "-d", headRef(branch), tip]);
}

/** Whether a worktree of the repository, or its own checkout, is on the branch. */
export async function isBranchInUse(repository: string, branch: string): Promise<boolean> {
  const own = await readFile(join(repository, "HEAD"), "utf8").catch(() => "");
  const heads = [own.trim(), ...(await readEntries(repository)).map((entry) => entry.head)];
  return heads.includes(`ref: ${headRef(branch)}`);
}

/** Whether a commit is reachable from a ref below `prefix`. */
export async function isHeldBy(
  git: GitRunner,
  place: string,
  commit: string,
  prefix: string,
): Promise<boolean> {
  return (
    (
      await lines(git, place, [
        "for-each-ref",
        "--count=1",
        "--format=%(refname)",
        "--contains",
        commit,
        prefix,
      ])
    ).length > 0
  );
}

/** Those of the commits that `holder` does not reach, without those that another of them reaches. */
export async function independent(
  git: GitRunner,
  place: string,
  commits: readonly string[],
  holder: string | undefined,
): Promise<string[]> {
  if (commits.length === 0) return [];
  const input = `${commits.join("\n")}\n${holder === undefined ? "" : `^${holder}\n`}`;
  const unheld = new Set(await lines(git, place, ["rev-list", "--stdin"], input));
  const left = commits.filter((commit) => unheld.has(commit));
  return left.length < 2 || left.length > INDEPENDENT_COMMITS
    ? left
    : lines(git, place, ["merge-base", "--independent", ...left]);
}

/** More than this many are held one by one, also where one reaches another. */
const INDEPENDENT_COMMITS = 64;

/** A commit whose parents are these, to hold them all by one ref. */
export function joinCommits(
  git: GitRunner,
  place: string,
  tree: string,
  parents: readonly string[],
): Promise<string> {
  return commitTree(git, place, tree, parents, "Commits that only the reflog of a worktree knew");
}

/** What is staged, as a commit; `undefined` when it is HEAD's tree, or `known`, or cannot be a tree because of conflicts. */
export async function commitIndex(
  git: GitRunner,
  path: string,
  head: string | undefined,
  known: string,
): Promise<string | undefined> {
  const tree = await maybe(git, path, ["write-tree"]);
  if (tree === undefined || tree === known) return undefined;
  if (head !== undefined && (await treeOfCommit(git, path, head)) === tree) return undefined;
  return commitTree(git, path, tree, head === undefined ? [] : [head], "What was staged in a worktree");
}

/** A commit in our own name, on the disk. */
export async function commitTree(
  git: GitRunner,
  place: string,
  tree: string,
  parents: readonly string[],
  message: string,
): Promise<string> {
  const args = ["commit-tree", ...parents.flatMap((parent) => ["-p", parent]), tree];
  const config = [`user.name=${AUTHOR.name}`, `user.email=${AUTHOR.email}`];
  return (await write(git, place, args, { stdin: message, config })).trim();
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

/** `git worktree add`, locked from the start by our reason and tracking nothing (W-2). */
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
  await write(git, top, [...start, ...rest], { timeoutMs: CHECKOUT_MS, hooks });
}

/** git's own removal of one entry whose directory is gone; twice forced, because it is locked. */
export async function dropEntry(git: GitRunner, repository: string, path: string): Promise<void> {
  await tell(git, repository, ["worktree", "remove", "--force", "--force", path]);
}

/** Makes the files those of `tree`; the index is HEAD's afterwards, so that nothing is staged. */
export async function layTree(
  git: GitRunner,
  path: string,
  tree: string,
  config: readonly string[] = [],
): Promise<void> {
  await tell(git, path, ["read-tree", "--reset", "-u", tree], { timeoutMs: CHECKOUT_MS, config });
  await tell(git, path, ["reset", "--quiet"], { timeoutMs: CHECKOUT_MS, config });
}

/** Makes the index that of `tree`, and leaves the files alone. */
export async function stageTree(
  git: GitRunner,
  path: string,
  tree: string,
  config: readonly string[],
): Promise<void> {
  // What a sparse checkout leaves off the disk stays so.
  await tell(git, path, ["read-tree", "--reset", "-i", tree], { config });
  // Refreshing says "needs update" by its exit code.
  await maybe(git, path, ["update-index", "-q", "--refresh"]);
}

/** Ignored files below `top` that match the patterns, each a file of its own. */
export async function listIgnored(
  git: GitRunner,
  top: string,
  patterns: readonly string[],
): Promise<string[]> {
  const specs = patterns.map((pattern) => `:(top,glob)${pattern}`);
  const args = ["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", ...specs];
  const text = await tell(git, top, args, { environment: { GIT_LITERAL_PATHSPECS: "0" } });
  return text.split("\0").filter((path) => path !== "");
}

/** Top of the repository's own checkout; `undefined` for a bare one. */
export async function checkoutTop(git: GitRunner, repository: string): Promise<string | undefined> {
  if (basename(repository) !== ".git") return undefined;
  return (await maybe(git, repository, ["config", "--type=bool", "core.bare"])) === "true"
    ? undefined
    : dirname(repository);
}
