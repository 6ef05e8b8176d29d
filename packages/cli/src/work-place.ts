/** Where work on files happened, as people name it: a session, a worktree or a workspace by its id, or a directory. */
import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import type { HoldfastClient } from "@holdfast/client";
import { isSessionId, isWorkspaceId, isWorktreeId, type Project, type Workspace } from "@holdfast/protocol";
import { CliError, EXIT } from "./exit-code.ts";

/** The workspace of a place. A directory has one when a session was made there. Throws CliError (4), or what the server refuses. */
export async function findWorkspace(client: HoldfastClient, named: string): Promise<Workspace> {
  if (isWorkspaceId(named)) return client.getWorkspace(named);
  if (isSessionId(named)) return client.getWorkspace((await client.getSession(named)).workspaceId);
  if (isWorktreeId(named)) return client.getWorkspace((await client.getWorktree(named)).workspaceId);
  const directory = realDirectory(named);
  for (const archived of [false, true]) {
    const { items } = await client.listSessions({ directory, archived, limit: 1 });
    if (items[0] !== undefined) return client.getWorkspace(items[0].workspaceId);
  }
  throw new CliError(EXIT.notFound, `No session works in ${directory}, so nothing is known of its changes.`);
}

/** The project of a directory, or of one that a session works in. Throws CliError (4). */
export async function findProject(client: HoldfastClient, named: string): Promise<Project> {
  if (isSessionId(named)) return client.getProject((await client.getSession(named)).projectId);
  const directory = realDirectory(named);
  const project = (await client.listProjects()).items.find((one) => one.directory === directory);
  if (project !== undefined) return project;
  throw new CliError(
    EXIT.notFound,
    `${directory} is not known yet; a project is what a session was made in.`,
  );
}

/** As the server knows it: absolute, without links; a directory that is gone as it is named. */
export function realDirectory(named: string): string {
  const directory = resolve(named);
  try {
    return realpathSync(directory);
  } catch {
    return directory;
  }
}
