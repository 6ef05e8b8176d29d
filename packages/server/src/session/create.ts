import { HoldfastError, newId } from "@holdfast/kernel";
import type { CreateSession, Session, WorkspaceId } from "@holdfast/protocol";
import type { Applied, CreateSessionCommand } from "../store/index.ts";
import { chooseAgent, requireApprovalMode } from "./agent-choice.ts";
import type { Caller, SessionDeps } from "./deps.ts";
import { madeBefore } from "./made-before.ts";
import { findWorkspace } from "./workspace-choice.ts";
import { resolveDirectory } from "./workspace-path.ts";

/** Creates a session, with its project and workspace where the directory is new. Rejects UNPROCESSABLE and AGENT_UNAVAILABLE. */
export function createSession(
  deps: SessionDeps,
  request: CreateSession,
  caller: Caller,
): Promise<Applied<Session>> {
  return creationOf(deps, request, caller).then(
    (command) => deps.store.createSession(command),
    (refusal: unknown) => madeBefore(deps, caller, "session", refusal),
  );
}

async function creationOf(
  deps: SessionDeps,
  request: CreateSession,
  caller: Caller,
): Promise<CreateSessionCommand> {
  const directory = await resolveDirectory(request.directory, deps.reserved);
  const workspace = await findWorkspace(deps, request.workspaceId, directory);
  return commandOf(deps, request, caller, { directory, workspaceId: workspace?.id });
}

/** Everything that is checked of a session but its place. */
export async function commandOf(
  deps: SessionDeps,
  request: CreateSession,
  caller: Caller,
  place: { directory: string; workspaceId: WorkspaceId | undefined },
): Promise<CreateSessionCommand> {
  await requireParent(deps, request);
  const agent = await chooseAgent(deps, request.agent, place.directory);
  const approvalMode = request.approvalMode ?? deps.settings.approvalMode;
  requireApprovalMode(agent, approvalMode);
  const now = deps.clock.now();
  return {
    ...caller,
    sessionId: newId("ses", now),
    projectId: newId("prj", now),
    workspaceId: newId("wsp", now),
    directory: place.directory,
    existingWorkspaceId: place.workspaceId,
    parentId: request.parentId,
    title: request.title ?? defaultTitle(now, request.parentId !== undefined),
    agent: agent.id,
    model: request.model,
    approvalMode,
    resumePolicy: request.resumePolicy ?? deps.settings.resumePolicy,
    mcpServers: request.mcpServers,
    limitAttempts: request.limitAttempts,
  };
}

/** The title of a session that nobody named (session-model 1.2). */
function defaultTitle(now: number, isChild: boolean): string {
  return `${isChild ? "Child" : "New"} session - ${new Date(now).toISOString()}`;
}

async function requireParent(deps: SessionDeps, request: CreateSession): Promise<void> {
  if (request.parentId !== undefined && (await deps.store.getSession(request.parentId)) === undefined)
    throw new HoldfastError("UNPROCESSABLE", `No session has the id ${request.parentId}.`);
}
