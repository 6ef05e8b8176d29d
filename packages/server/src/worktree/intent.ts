/** What every act on a worktree that exists begins with: an intent that holds its workspace, so that no turn starts there (W-11). */
import { HoldfastError, notFound } from "@holdfast/kernel";
import type { Actor, JsonObject, Worktree, WorktreeId } from "@holdfast/protocol";
import type { HeldOperation } from "../operation/index.ts";
import type { OperationKind, Store } from "../store/index.ts";
import type { SagaDeps } from "./deps.ts";

/** Rejects NOT_FOUND. */
export async function requireWorktree(store: Pick<Store, "getWorktree">, id: WorktreeId): Promise<Worktree> {
  const worktree = await store.getWorktree(id);
  if (worktree === undefined) throw notFound("worktree", id);
  return worktree;
}

/** Runs `work`, which ends the intent itself; a failure is settled by its keeper (`recover.ts`). Rejects WORKSPACE_BUSY while something works there. */
export async function underIntent<D extends JsonObject, T>(
  { operations, store }: SagaDeps,
  facts: {
    kind: Extract<OperationKind, "archive" | "remove" | "restore">;
    worktree: Worktree;
    actor: Actor;
    data: D;
  },
  work: (intent: HeldOperation<D>) => Promise<T>,
): Promise<T> {
  const { kind, worktree, actor, data } = facts;
  const { value } = await operations.run({
    begin: (own) =>
      store.beginOperation({
        ...own,
        kind,
        workspaceId: worktree.workspaceId,
        leases: [worktree.workspaceId],
        worktreeId: worktree.id,
        data: data,
        actor,
      }),
    data,
    work,
  });
  return value;
}

/** Closes the agents of every session that works there. The intent's lease keeps new turns away. Rejects SESSION_BUSY. */
export async function quiesce(deps: SagaDeps, worktree: Worktree): Promise<void> {
  const users = await deps.store.workspaceUsers(worktree.workspaceId);
  const live = users.find((user) => user.liveTurnId !== undefined);
  if (live !== undefined)
    throw new HoldfastError("SESSION_BUSY", `A turn of session ${live.sessionId} runs there. Stop it first.`);
  for (const { sessionId } of users) await deps.sessions.release(sessionId);
}
