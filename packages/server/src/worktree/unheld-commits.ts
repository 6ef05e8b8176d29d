/** Commits that only one worktree knows, and what is under way there (W-10). Every question may fail; the report then says `unknown`. */
import { readdir, readFile } from "node:fs/promises";
import type { Worktree } from "@holdfast/protocol";
import { commitOf, type GitRunner, headOf, headRef, isGitError, linesFrom } from "../git/index.ts";

/** Commits of a reflog that are looked at, and unheld commits that are counted. */
const REFLOG_COMMITS = 1_000;
const UNHELD_COMMITS = 1_000;

/** Refs that each worktree has for itself. */
const OWN_REFS = ["refs/bisect/", "refs/rewritten/", "refs/worktree/"];

/** What is under way, in words; git's own files say so. */
const UNDER_WAY: Readonly<Record<string, string>> = {
  MERGE_HEAD: "a merge",
  CHERRY_PICK_HEAD: "a cherry-pick",
  REVERT_HEAD: "a revert",
  BISECT_LOG: "a bisection",
  "rebase-merge": "a rebase",
  "rebase-apply": "a rebase",
};

export async function askUnderWay(admin: string): Promise<string[]> {
  const names = await readdir(admin);
  return [...new Set(names.flatMap((name) => UNDER_WAY[name] ?? []))];
}

/** Commits that only this worktree knows: from its HEAD, its branch, its reflog, its own refs and what is under way; not in any other ref. */
export async function askUnheld(
  git: GitRunner,
  worktree: Pick<Worktree, "path" | "branch">,
): Promise<{ count: number; isDetached: boolean }> {
  const head = await headOf(git, worktree.path);
  const starts = await startsOf(git, worktree);
  const limit = [`--max-count=${UNHELD_COMMITS}`];
  const count = starts.length === 0 ? 0 : (await unheldFrom(git, worktree.path, starts, limit)).length;
  return { count, isDetached: head.branch === undefined };
}

/** The starts of `askUnheld` that nothing else holds. */
export async function unheldTips(
  git: GitRunner,
  worktree: Pick<Worktree, "path" | "branch">,
): Promise<string[]> {
  const starts = await startsOf(git, worktree);
  if (starts.length === 0) return [];
  const unheld = new Set(await unheldFrom(git, worktree.path, starts, []));
  return starts.filter((start) => unheld.has(start));
}

async function startsOf(
  git: GitRunner,
  { path, branch }: Pick<Worktree, "path" | "branch">,
): Promise<string[]> {
  const named = await Promise.all(
    ["HEAD", headRef(branch), "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD"].map((name) =>
      commitOf(git, path, name),
    ),
  );
  const [reflog, own] = await Promise.all([reflogOf(git, path), ownRefs(git, path)]);
  return [...new Set([...named.filter((commit) => commit !== undefined), ...reflog, ...own])];
}

/** git has no answer while HEAD is on a branch without commits; its file has. */
async function reflogOf(git: GitRunner, path: string): Promise<string[]> {
  const most = `--max-count=${REFLOG_COMMITS}`;
  return linesFrom(git, path, ["rev-list", "-g", most, "HEAD"]).catch(async (error: unknown) => {
    if (!isGitError(error, "failed")) throw error;
    const [file = ""] = await linesFrom(git, path, [
      "rev-parse",
      "--path-format=absolute",
      "--git-path",
      "logs/HEAD",
    ]);
    const text = await readFile(Buffer.from(file, "latin1"), "latin1").catch(() => "");
    const written = text.split("\n").flatMap((line) => line.split(" ")[1] ?? []);
    return written.filter((id) => !/^0+$/.test(id)).slice(-REFLOG_COMMITS);
  });
}

/** Commits of refs that go with the worktree. */
async function ownRefs(git: GitRunner, path: string): Promise<string[]> {
  const refs = await linesFrom(git, path, [
    "for-each-ref",
    "--format=%(objecttype) %(objectname)",
    ...OWN_REFS,
  ]);
  return refs.flatMap((ref) => /^commit (.*)/.exec(ref)?.[1] ?? []);
}

/** Branches of other worktrees do not hold anything: they may go as well. */
function unheldFrom(
  git: GitRunner,
  path: string,
  starts: readonly string[],
  limit: readonly string[],
): Promise<string[]> {
  return linesFrom(
    git,
    path,
    [
      "rev-list",
      ...limit,
      "--ignore-missing",
      "--stdin",
      "--not",
      "--exclude=refs/heads/holdfast/*",
      "--exclude=refs/holdfast/*",
      ...OWN_REFS.map((prefix) => `--exclude=${prefix}*`),
      "--glob=refs/*",
    ],
    `${starts.join("\n")}\n`,
  );
}
