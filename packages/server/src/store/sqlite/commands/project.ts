import { basename } from "node:path";
import { notFound } from "@holdfast/kernel";
import type { Actor, Project, ProjectId, Workspace, WorkspaceId } from "@holdfast/protocol";
import { patchedServers } from "../../model/index.ts";
import type { Applied, IdempotencyKey, PatchProjectCommand } from "../../port.ts";
import { announceProject, announceWorkspace } from "../announce-sessionless.ts";
import { once } from "../replay-key.ts";
import { actorRow, findProject, findWorkspaceHead, loadWorkspace, toProject } from "../rows/index.ts";
import { fromJson, toJson, type Write } from "../sql.ts";

type NewProject = { id: ProjectId; directory: string; actor: Actor };

/** A project named after its directory. Nobody is told yet. */
export const insertProject = (write: Write, { id, directory, actor }: NewProject): number =>
  write.insert(
    "INSERT INTO project (id, directory, name, actor, time_created) VALUES (?, ?, ?, ?, ?)",
    id,
    directory,
    basename(directory) || directory,
    actorRow(write, actor),
    write.now,
  );

type NewWorkspace = {
  id: WorkspaceId;
  project: number;
  directory: string;
  kind?: Workspace["kind"];
  actor: Actor;
};

/** Nobody is told yet. */
export const insertWorkspace = (write: Write, { kind = "directory", ...row }: NewWorkspace): number =>
  write.insert(
    "INSERT INTO workspace (id, project, kind, directory, actor, time_created) VALUES (?, ?, ?, ?, ?, ?)",
    row.id,
    row.project,
    kind,
    row.directory,
    actorRow(write, row.actor),
    write.now,
  );

type Patch = { actor: Actor; idempotency?: IdempotencyKey | undefined };

/** How worktrees of a project are made from now on (W-2), and which MCP servers its agents are given. */
export function patchProject(write: Write, command: PatchProjectCommand): Applied<Project> {
  const row = () => {
    const found = findProject(write, command.projectId);
    if (found === undefined) throw notFound("project", command.projectId);
    return found;
  };
  const apply = () => {
    const { rid, worktree, mcp_servers: servers } = row();
    write.run(
      "UPDATE project SET worktree = ?, mcp_servers = ? WHERE rid = ?",
      toJson(command.worktree) ?? worktree,
      toJson(patchedServers(fromJson(servers), command.mcpServers)),
      rid,
    );
    announceProject(write, rid, command.actor);
  };
  return once(write, command.idempotency, apply, () => toProject(row()));
}

/** Turns that run go on as they started. */
export function patchWorkspace(
  write: Write,
  command: Patch & { workspaceId: WorkspaceId; concurrency: Workspace["concurrency"] },
): Applied<Workspace> {
  const { workspaceId, concurrency, actor } = command;
  const current = () => {
    const workspace = loadWorkspace(write, { id: workspaceId });
    if (workspace === undefined) throw notFound("workspace", workspaceId);
    return workspace;
  };
  const apply = () => {
    const row = findWorkspaceHead(write, workspaceId);
    if (row === undefined) throw notFound("workspace", workspaceId);
    write.run("UPDATE workspace SET concurrency = ? WHERE rid = ?", concurrency, row.rid);
    announceWorkspace(write, row.rid, actor);
  };
  return once(write, command.idempotency, apply, current);
}
