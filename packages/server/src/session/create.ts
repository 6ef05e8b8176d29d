import { cleanJson, cleanText, HoldfastError, newId } from "@holdfast/kernel";
import type { CreateSession, Session, Workspace } from "@holdfast/protocol";
import type { Applied, CreateSessionCommand } from "../store/index.ts";
import { chooseAgent, requireApprovalMode } from "./agent-choice.ts";
import type { Caller, SessionDeps } from "./deps.ts";
import { replaySession } from "./replay.ts";
import { resolveDirectory } from "./workspace-path.ts";

/** Creates a session, with its project and workspace where the directory is new. Rejects UNPROCESSABLE and AGENT_UNAVAILABLE. */
export function createSession(
  deps: SessionDeps,
  request: CreateSession,
  caller: Caller,
): Promise<Applied<Session>> {
  return creationOf(deps, request, caller).then(
    (command) => deps.store.createSession(command),
    (refusal: unknown) => replaySession(deps, caller, refusal),
  );
}

async function creationOf(
  deps: SessionDeps,
  request: CreateSession,
  caller: Caller,
): Promise<CreateSessionCommand> {
  if (request.worktree === true)
    throw new HoldfastError(
      "UNPROCESSABLE",
      "This server cannot make worktrees yet; leave out worktree to work in the directory itself.",
    );
  const directory = await resolveDirectory(request.directory, deps.dataDirectory);
  const workspace = await findWorkspace(deps, request, directory);
  await requireParent(deps, request);
  const agent = await chooseAgent(deps, request.agent, directory);
  const approvalMode = request.approvalMode ?? deps.settings.approvalMode;
  requireApprovalMode(agent, approvalMode);
  const now = deps.clock.now();
  return {
    ...caller,
    sessionId: newId("ses", now),
    projectId: newId("prj", now),
    workspaceId: newId("wsp", now),
    directory,
    existingWorkspaceId: workspace?.id,
    parentId: request.parentId,
    title: cleanText(request.title ?? defaultTitle(now, request.parentId !== undefined)),
    agent: agent.id,
    model: request.model === undefined ? undefined : cleanJson(request.model),
    approvalMode,
    resumePolicy: request.resumePolicy ?? deps.settings.resumePolicy,
  };
}

/** The title of a session that nobody named (session-model 1.2). */
function defaultTitle(now: number, isChild: boolean): string {
  return `${isChild ? "Child" : "New"} session - ${new Date(now).toISOString()}`;
}

async function findWorkspace(
  deps: SessionDeps,
  request: CreateSession,
  directory: string,
): Promise<Workspace | undefined> {
  if (request.workspaceId === undefined) return undefined;
  const workspace = await deps.store.getWorkspace(request.workspaceId);
  if (workspace === undefined)
    throw new HoldfastError("UNPROCESSABLE", `No workspace has the id ${request.workspaceId}.`);
  if (workspace.directory !== directory)
    throw new HoldfastError("UNPROCESSABLE", "The directory is not the one of the workspace.");
  return workspace;
}

async function requireParent(deps: SessionDeps, request: CreateSession): Promise<void> {
  if (request.parentId !== undefined && (await deps.store.getSession(request.parentId)) === undefined)
    throw new HoldfastError("UNPROCESSABLE", `No session has the id ${request.parentId}.`);
}
