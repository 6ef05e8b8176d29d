/**
 * Deleting sessions (W-10): with the last session of a worktree goes the worktree, by its own saga, and only when nothing would be lost or the
 * caller said so. The worktree goes first: a crash in between leaves a session that can be deleted again, never a directory that nobody claims.
 */
import type { RiskReport, Session, SessionId, WorktreeId } from "@holdfast/protocol";
import type { FeedPosition } from "../store/index.ts";
import { requireSession } from "./change.ts";
import type { Caller, SessionDeps } from "./deps.ts";

/** Sessions read at once while a family is gathered. */
const PAGE = 200;

/** Deletes a session and its children, then lets their agents go. Rejects NOT_FOUND, SESSION_BUSY, and RISK_UNCONFIRMED with `report`. */
export async function deleteSession(
  deps: SessionDeps,
  id: SessionId,
  caller: Caller,
  options: { discard: boolean; keepShares?: boolean | undefined },
): Promise<void> {
  const session = await requireSession(deps, id);
  for (const worktreeId of await worktreesOf(deps, await familyOf(deps, session)))
    await deps.worktrees.remove(worktreeId, { ...options, skipTeardown: false, actor: caller.actor });
  const { keepShares } = options;
  const { deleted } = await deps.store.deleteSession({ ...caller, sessionId: id, keepShares });
  await Promise.all(deleted.map((sessionId) => deps.turns.release(sessionId)));
}

/** What would go with a session: its worktree's risks when it is the last one there, and its own turn. Rejects NOT_FOUND. */
export async function sessionRisk(deps: SessionDeps, id: SessionId): Promise<RiskReport> {
  const family = await familyOf(deps, await requireSession(deps, id));
  const worktreeIds = await worktreesOf(deps, family);
  return deps.worktrees.riskOf({ sessionId: id, members: family.map((each) => each.id), worktreeIds });
}

/** The session and everything below it. */
export async function familyOf(deps: Pick<SessionDeps, "store">, session: Session): Promise<Session[]> {
  const family = [session];
  for (let at = 0; at < family.length; at += 1) {
    const parentId = family[at]?.id;
    let before: FeedPosition | undefined;
    do {
      const query = { filter: { parentId }, limit: PAGE };
      const page = await deps.store.listSessions(before === undefined ? query : { ...query, before });
      family.push(...page.items);
      before = page.next;
    } while (before !== undefined);
  }
  return family;
}

/** The worktrees in which nobody but these sessions works. */
async function worktreesOf(
  deps: Pick<SessionDeps, "store">,
  family: readonly Session[],
): Promise<WorktreeId[]> {
  const members = new Set<SessionId>(family.map((session) => session.id));
  const found: WorktreeId[] = [];
  for (const workspaceId of new Set(family.map((session) => session.workspaceId))) {
    const worktree = await deps.store.worktreeOf(workspaceId);
    if (worktree === undefined || worktree.state === "removed") continue;
    const users = await deps.store.workspaceUsers(workspaceId);
    if (users.every((user) => members.has(user.sessionId))) found.push(worktree.id);
  }
  return found;
}
