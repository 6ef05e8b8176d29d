/** Which workspace a new session works in (W-1): the one that was named, a worktree that the directory is of, or the directory's own. */
import { HoldfastError } from "@holdfast/kernel";
import type { Workspace, WorkspaceId, Worktree } from "@holdfast/protocol";
import type { SessionDeps } from "./deps.ts";

type Deps = Pick<SessionDeps, "store" | "worktrees">;

/** `undefined`: the directory's own, which may be new. Rejects UNPROCESSABLE. */
export async function findWorkspace(
  deps: Deps,
  named: WorkspaceId | undefined,
  directory: string,
): Promise<Workspace | undefined> {
  if (named !== undefined) return namedWorkspace(deps, named, directory);
  const worktree = await deps.worktrees.at(directory);
  if (worktree === undefined) return undefined;
  const workspace = await deps.store.getWorkspace(worktree.workspaceId);
  if (workspace === undefined || ![workspace.directory, worktree.path].includes(directory))
    throw refusal(
      `The directory is inside a worktree; its sessions work in ${workspace?.directory ?? worktree.path}.`,
    );
  requireActive(worktree);
  return workspace;
}

async function namedWorkspace(deps: Deps, id: WorkspaceId, directory: string): Promise<Workspace> {
  const workspace = await deps.store.getWorkspace(id);
  if (workspace === undefined) throw refusal(`No workspace has the id ${id}.`);
  const known = workspace.kind === "worktree" ? await deps.store.worktreeOf(id) : undefined;
  const worktree = known && (await deps.worktrees.get(known.id));
  const places = [workspace.directory];
  if (worktree !== undefined) {
    requireActive(worktree);
    const project = await deps.store.getProject(worktree.projectId);
    places.push(worktree.path, ...(project === undefined ? [] : [project.directory]));
  }
  if (!places.includes(directory)) throw refusal("The directory is not the one of the workspace.");
  return workspace;
}

function requireActive(worktree: Worktree): void {
  if (worktree.state === "active") return;
  const way =
    worktree.state === "archived"
      ? "Bring one of its sessions back from the archive first."
      : "Restore it first.";
  throw refusal(`The worktree ${worktree.id} is ${worktree.state}. ${way}`);
}

function refusal(message: string): HoldfastError {
  return new HoldfastError("UNPROCESSABLE", message);
}
