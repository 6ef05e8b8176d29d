/**
 * Archiving (W-15): agents closed, a rescue made, state `archived`. The directory stays, so that bringing it back brings back everything, ignored
 * files too; the reaper removes it later when nothing would be lost.
 */
import { faultPoint, HoldfastError } from "@holdfast/kernel";
import type { Actor, WorkspaceId, Worktree } from "@holdfast/protocol";
import { z } from "zod";
import type { HeldOperation } from "../operation/index.ts";
import { conditionOf } from "./condition.ts";
import type { SagaDeps } from "./deps.ts";
import { quiesce, underIntent } from "./intent.ts";
import { rescueWhole } from "./rescue.ts";

export const archiveSteps = z.object({ step: z.literal("begun") });
type Archiving = HeldOperation<z.infer<typeof archiveSteps>>;

/** Archives the workspace's worktree when only archived sessions work there; else, or without a worktree, nothing. Rejects WORKSPACE_BUSY, SESSION_BUSY. */
export async function archiveWorktree(deps: SagaDeps, workspaceId: WorkspaceId, actor: Actor): Promise<void> {
  const worktree = await deps.store.worktreeOf(workspaceId);
  if (worktree?.state !== "active" || !(await isUnused(deps, workspaceId))) return;
  await underIntent(
    deps,
    { kind: "archive", worktree, actor, data: { step: "begun" } },
    async (intent: Archiving) => {
      faultPoint("worktree.archive.begun");
      await quiesce(deps, worktree);
      faultPoint("worktree.archive.quiesced");
      await finishArchive(deps, worktree, intent);
    },
  );
}

async function finishArchive(deps: SagaDeps, worktree: Worktree, held: Archiving): Promise<void> {
  const { actor, claim } = held;
  const { kind } = await conditionOf(worktree);
  if (kind === "whole") await rescueWhole(deps, worktree, actor);
  faultPoint("worktree.archive.rescued");
  const isStillUnused = await isUnused(deps, worktree.workspaceId);
  await deps.store.patchWorktree({
    worktreeId: worktree.id,
    patch: { state: isStillUnused ? "archived" : "active" },
    actor,
    operation: { ...claim, state: isStillUnused ? "done" : "undone" },
  });
  faultPoint("worktree.archive.archived");
}

/** Nothing is lost either way, so what a dead server left is done again from the start; what failed just now ends. */
export async function settleArchive(
  deps: SagaDeps,
  worktree: Worktree,
  held: Archiving,
  isLeft: boolean,
): Promise<void> {
  if (isLeft && worktree.state === "active" && (await isUnused(deps, worktree.workspaceId)))
    await finishArchive(deps, worktree, held);
  else await held.end("undone");
}

/** Before a session of an archived worktree comes back. Rejects WORKSPACE_BUSY while it is being removed. */
export async function unarchiveWorktree(
  deps: SagaDeps,
  workspaceId: WorkspaceId,
  actor: Actor,
): Promise<void> {
  const worktree = await deps.store.worktreeOf(workspaceId);
  if (worktree?.state === "removing")
    throw new HoldfastError("WORKSPACE_BUSY", `The worktree ${worktree.id} is being removed.`, {
      data: { holder: worktree.id },
    });
  if (worktree?.state !== "archived") return;
  await deps.store.patchWorktree({ worktreeId: worktree.id, patch: { state: "active" }, actor });
}

async function isUnused({ store }: SagaDeps, workspaceId: WorkspaceId): Promise<boolean> {
  return (await store.workspaceUsers(workspaceId)).every((user) => user.archived);
}
