/**
 * The frame of every saga on a worktree that exists (W-11): an intent that holds the workspace's write lease, so that no turn starts there, then
 * the work, then its end. What fails is undone before the intent ends; a process that dies leaves the intent, and `recover` reads it.
 */
import { errorText, HoldfastError, newId, notFound } from "@holdfast/kernel";
import type { Actor, JsonObject, OperationId, Worktree, WorktreeId } from "@holdfast/protocol";
import type { OperationKind, Store } from "../store/index.ts";
import type { SagaDeps } from "./deps.ts";

export type SagaKind = Extract<OperationKind, "archive" | "remove" | "restore">;

export type Intent = {
  id: OperationId;
  /** Writes down how far the work is, durably, before the next step. */
  advance(data: JsonObject): Promise<void>;
};

/** Rejects NOT_FOUND. */
export async function requireWorktree(store: Pick<Store, "getWorktree">, id: WorktreeId): Promise<Worktree> {
  const worktree = await store.getWorktree(id);
  if (worktree === undefined) throw notFound("worktree", id);
  return worktree;
}

/** Runs `work`, which ends the intent itself; a failure runs `undo`, which does so too. Rejects WORKSPACE_BUSY while something works there. */
export async function underIntent<T>(
  deps: SagaDeps,
  facts: { kind: SagaKind; worktree: Worktree; actor: Actor; data: JsonObject },
  work: (intent: Intent) => Promise<T>,
  undo: (operationId: OperationId) => Promise<unknown>,
): Promise<T> {
  const { store, clock, sessions, logger } = deps;
  const { worktree } = facts;
  const id = newId("opr", clock.now());
  await store.beginOperation({
    operationId: id,
    kind: facts.kind,
    workspaceId: worktree.workspaceId,
    leases: [worktree.workspaceId],
    worktreeId: worktree.id,
    data: facts.data,
    actor: facts.actor,
  });
  deps.running.add(id);
  try {
    return await work({ id, advance: (data) => store.advanceOperation({ operationId: id, data }) });
  } catch (error) {
    await undo(id).catch((trouble: unknown) =>
      logger.error(
        { worktreeId: worktree.id, operationId: id, error: errorText(trouble) },
        "a failed act on a worktree could not be undone yet; it is tried again",
      ),
    );
    throw error;
  } finally {
    deps.running.delete(id);
    sessions.wakeWorkspace(worktree.workspaceId);
  }
}

/** Closes the agents of every session that works there. The intent's lease keeps new turns away. Rejects SESSION_BUSY. */
export async function quiesce(deps: SagaDeps, worktree: Worktree): Promise<void> {
  const users = await deps.store.workspaceUsers(worktree.workspaceId);
  const live = users.find((user) => user.liveTurnId !== undefined);
  if (live !== undefined)
    throw new HoldfastError("SESSION_BUSY", `A turn of session ${live.sessionId} runs there. Stop it first.`);
  for (const { sessionId } of users) await deps.sessions.release(sessionId);
}
