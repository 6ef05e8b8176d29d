/** Where a worktree can be made from (W-2): the repository around a project's directory, with everything that a refusal needs to be told. */
import { HoldfastError, isInside } from "@holdfast/kernel";
import type { WorktreeSettings } from "@holdfast/protocol";
import { findRepository, isGitError, refusalOf, treeOfCommit } from "../git/index.ts";
import type { SagaDeps } from "./deps.ts";

export type SourceCheckout = {
  /** Real path of the project's directory, and of it below the top; "" when it is the top. */
  project: string;
  prefix: string;
  top: string;
  /** Real path of the common git directory. */
  repository: string;
  /** HEAD's, and its tree. */
  commit: string;
  tree: string;
  settings: WorktreeSettings;
};

/** Rejects NOT_GIT, NO_COMMITS, UNPROCESSABLE. */
export async function findSourceCheckout(deps: SagaDeps, directory: string): Promise<SourceCheckout> {
  const { store, git, root } = deps;
  if (isInside(root, directory))
    throw new HoldfastError(
      "UNPROCESSABLE",
      "A worktree is made of a project's own directory, not of another worktree. Share this one, or name the project.",
    );
  const found = await findRepository(git, directory).catch((error: unknown) => {
    throw refused(error, directory);
  });
  if (found === undefined)
    throw new HoldfastError("NOT_GIT", `${directory} is not in a git repository, so it has no worktrees.`);
  if (found.top === undefined)
    throw new HoldfastError("UNPROCESSABLE", `${directory} is in a bare repository; name a checkout of it.`);
  if (found.head === undefined)
    throw new HoldfastError(
      "NO_COMMITS",
      `The repository of ${directory} has no commit yet. Make one first.`,
    );
  const project = await store.findProject(directory);
  return {
    project: directory,
    prefix: found.prefix.replace(/\/$/, ""),
    top: found.top,
    repository: found.commonDir,
    commit: found.head.commit,
    tree: await treeOfCommit(git, found.top, found.head.commit),
    settings: project?.worktree ?? {},
  };
}

function refused(error: unknown, directory: string): unknown {
  const message = refusalOf(error, directory);
  if (message === undefined) return error;
  const reason = isGitError(error, "missing") ? "gitMissing" : "dubiousOwnership";
  return new HoldfastError("UNPROCESSABLE", message, { data: { reason } });
}
