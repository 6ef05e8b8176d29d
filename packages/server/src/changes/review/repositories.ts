import { HoldfastError, notFound } from "@holdfast/kernel";
import type { Workspace, WorkspaceId } from "@holdfast/protocol";
import { findRepository, type GitRunner, isGitError, keyOf } from "../../git/index.ts";
import { isSnapshotRefused, type Snapshots, type Watched } from "../../snapshot/index.ts";
import type { Store } from "../../store/index.ts";
import type { Repositories, Target } from "./deps.ts";
import { gitReviewRepository } from "./git-review-repository.ts";
import type { ReviewRepository } from "./review-repository.ts";

export type RepositoriesDeps = {
  store: Pick<Store, "getWorkspace" | "worktreeOf" | "getProject" | "projectWorkspace">;
  git: GitRunner;
  snapshots: Snapshots;
};

/** Where files of workspaces are, and what they are applied to. */
export function createRepositories(deps: RepositoriesDeps): Repositories {
  const requireWorkspace = async (id: WorkspaceId): Promise<Workspace> => {
    const workspace = await deps.store.getWorkspace(id);
    if (workspace === undefined) throw notFound("workspace", id);
    return workspace;
  };
  const rootOf = async (workspace: Workspace): Promise<string> => {
    const worktree = workspace.kind === "worktree" ? await deps.store.worktreeOf(workspace.id) : undefined;
    return worktree?.path ?? workspace.directory;
  };
  return {
    async of(workspaceId) {
      const workspace = await requireWorkspace(workspaceId);
      return { workspace, repo: await repositoryAt(deps, workspaceId, await rootOf(workspace)) };
    },
    targetOf: (workspace) => targetOf(deps, workspace),
    async at(workspaceId, root) {
      return repositoryAt(deps, workspaceId, root ?? (await rootOf(await requireWorkspace(workspaceId))));
    },
  };
}

async function repositoryAt(
  { snapshots }: RepositoriesDeps,
  workspaceId: WorkspaceId,
  root: string,
): Promise<ReviewRepository> {
  const watched = await snapshots.watch({ workspaceId, root });
  if ("off" in watched)
    throw new HoldfastError("UNPROCESSABLE", `The files in ${root} are not watched: ${watched.off}`);
  return { ...gitReviewRepository(watched.checkout), snapshot: (ref) => snapshot(snapshots, watched, ref) };
}

async function snapshot(
  snapshots: Snapshots,
  watched: Watched,
  ref: string,
): ReturnType<ReviewRepository["snapshot"]> {
  try {
    return await snapshots.take(watched, ref);
  } catch (error) {
    if (!isSnapshotRefused(error)) throw error;
    throw new HoldfastError("UNPROCESSABLE", `The checkout cannot be looked at: ${error.reason}`);
  }
}

/** The top of the user's checkout, and the workspace that is the project's directory in it. */
async function targetOf(deps: RepositoriesDeps, workspace: Workspace): Promise<Target> {
  const { store, git } = deps;
  const [worktree, project, home] = await Promise.all([
    store.worktreeOf(workspace.id),
    store.getProject(workspace.projectId),
    store.projectWorkspace(workspace.projectId),
  ]);
  if (worktree === undefined || project === undefined || home === undefined)
    throw new HoldfastError(
      "UNPROCESSABLE",
      `Workspace ${workspace.id} has no project directory to apply to.`,
    );
  const { directory } = project;
  const repository = await findRepository(git, directory).catch((error: unknown) => {
    if (isGitError(error)) return undefined;
    throw error;
  });
  if (repository?.top === undefined || repository.commonDir !== worktree.repository)
    throw new HoldfastError(
      "UNPROCESSABLE",
      `${directory} is no checkout of the repository that the worktree was made of. Nothing can be applied to it.`,
    );
  const repo = await repositoryAt(deps, home.id, repository.top);
  return { workspaceId: home.id, repo, prefix: keyOf(repository.prefix), baseCommit: worktree.baseCommit };
}
