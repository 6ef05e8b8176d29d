import { HoldfastError, notFound } from "@holdfast/kernel";
import type { PatchSession, Session, SessionId } from "@holdfast/protocol";
import type { Applied } from "../store/index.ts";
import { requireAgent, requireApprovalMode } from "./agent-choice.ts";
import type { Caller, SessionDeps } from "./deps.ts";

/** Rejects NOT_FOUND. */
export async function requireSession(deps: Pick<SessionDeps, "store">, id: SessionId): Promise<Session> {
  const session = await deps.store.getSession(id);
  if (session === undefined) throw notFound("session", id);
  return session;
}

/**
 * Changes what a session is called and which agent, model and policies its next inputs take. Turns that are queued keep what they were
 * admitted with (D-5). Archiving needs an idle session (SESSION_BUSY), lets its agents go, and archives its worktree when nobody else uses it
 * (W-15); unarchiving brings both back and lets queued turns start.
 */
export async function patchSession(
  deps: SessionDeps,
  id: SessionId,
  request: PatchSession,
  caller: Caller,
): Promise<Applied<Session>> {
  const session = await requireSession(deps, id);
  if (request.agent !== undefined || request.approvalMode !== undefined) {
    const agent = await requireAgent(deps, request.agent ?? session.agent);
    requireApprovalMode(agent, request.approvalMode ?? session.approvalMode);
  }
  if (request.archived === true && session.status !== "idle")
    throw new HoldfastError("SESSION_BUSY", "Stop the running turn before you archive its session.");
  if (request.archived === false) await deps.worktrees.unarchive(session.workspaceId, caller.actor);
  // A model is its agent's: another agent begins with its own choice.
  const isOther = request.agent !== undefined && request.agent !== session.agent;
  const patch = isOther && request.model === undefined ? { ...request, model: null } : request;
  const applied = await deps.store.patchSession({ ...caller, sessionId: id, patch });
  if (request.archived === true) {
    await deps.turns.release(id);
    await deps.worktrees.archive(session.workspaceId, caller.actor);
  }
  if (request.archived === false) deps.turns.wake(id);
  return applied;
}
