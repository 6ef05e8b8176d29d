/** Whether a turn can work in its workspace's directory (W-13). A worktree that is found missing or moved is `lost` from then on. */
import { stat } from "node:fs/promises";
import { errorText, isHoldfastError } from "@holdfast/kernel";
import type { SessionErrorOf, WorkspaceId, Worktree } from "@holdfast/protocol";
import { commitOf, settleIndexLock } from "../git/index.ts";
import { conditionOf } from "./condition.ts";
import { type SagaDeps, WORKTREE_ACTOR } from "./deps.ts";
import { requireWorktree } from "./intent.ts";
import { rescueTurns } from "./rescue.ts";

export type MissingWorkspace = SessionErrorOf<"WorkspaceMissingError">;

/**
 * `undefined` when the directory is there; else the error that the turn ends with, which names the ways out. Also ends a dead `index.lock` of
 * a worktree of ours, which would stop every git command of the agent (W-14).
 */
export async function requireDirectory(
  deps: SagaDeps,
  workspaceId: WorkspaceId,
): Promise<MissingWorkspace | undefined> {
  const workspace = await deps.store.getWorkspace(workspaceId);
  if (workspace === undefined) return undefined;
  const worktree = workspace.kind === "worktree" ? await deps.store.worktreeOf(workspaceId) : undefined;
  if (worktree === undefined)
    return (await isDirectory(workspace.directory))
      ? undefined
      : missing(workspace.directory, "The directory of this session is gone.", []);
  const reason = await whyLost(deps, worktree, workspace.directory);
  if (reason === undefined) {
    if (worktree.state === "lost") await mark(deps, worktree, "active", null);
    return undefined;
  }
  if (worktree.state === "active" || worktree.state === "archived")
    await mark(deps, worktree, "lost", reason);
  const held = await holdTurns(deps, worktree);
  const error = missing(
    workspace.directory,
    `The worktree of this session cannot be worked in: ${reason}. Restore it from its rescue, or recreate it at its base.`,
    await waysOf(deps, held),
  );
  return { ...error, data: { ...error.data, worktreeId: worktree.id } };
}

/** The worktree as it is now: one that was lost is active again when it is whole. */
export async function lookAgain(deps: SagaDeps, worktree: Worktree): Promise<Worktree> {
  const { store } = deps;
  if (worktree.state !== "lost") return worktree;
  const directory = (await store.getWorkspace(worktree.workspaceId))?.directory ?? worktree.path;
  if ((await whyLost(deps, worktree, directory)) !== undefined) return worktree;
  await mark(deps, worktree, "active", null);
  return requireWorktree(store, worktree.id);
}

async function whyLost(deps: SagaDeps, worktree: Worktree, directory: string): Promise<string | undefined> {
  if (worktree.state === "removed" || worktree.state === "removing") return `it is ${worktree.state}`;
  const condition = await conditionOf(worktree).catch(() => undefined);
  switch (condition?.kind) {
    case undefined:
      return "its repository is gone";
    case "missing":
      return "its directory is missing";
    case "moved":
      return `it was moved to ${condition.to}`;
    case "foreign":
      return `what is at its path is not it: ${condition.reason}`;
    case "whole":
      await settleIndexLock(condition.entry.admin, deps.clock);
      return (await isDirectory(directory)) ? undefined : "the directory that its sessions work in is gone";
  }
}

/** What its turns left must not go with the snapshots, which nobody needs once it starts from its base again. */
async function holdTurns(deps: SagaDeps, worktree: Worktree): Promise<Worktree> {
  try {
    const condition = await conditionOf(worktree);
    if (condition.kind !== "missing" || worktree.state === "removed" || worktree.state === "removing")
      return worktree;
    return await rescueTurns(deps, worktree, condition.entry, WORKTREE_ACTOR);
  } catch (error) {
    const facts = { worktreeId: worktree.id, error: errorText(error) };
    deps.logger.warn(facts, "what a missing worktree held could not be rescued from its snapshots");
    return worktree;
  }
}

async function waysOf({ git }: SagaDeps, worktree: Worktree): Promise<("rescue" | "base")[]> {
  const has = async (commit: string | undefined) =>
    commit !== undefined &&
    (await commitOf(git, worktree.repository, commit).catch(() => undefined)) !== undefined;
  const [rescue, base] = await Promise.all([has(worktree.rescue?.commit), has(worktree.baseCommit)]);
  return [...(rescue ? (["rescue"] as const) : []), ...(base ? (["base"] as const) : [])];
}

/** What was seen on the disk holds for the row that was read before; a row that somebody wrote meanwhile knows better. */
async function mark(
  { store }: SagaDeps,
  { id, time }: Worktree,
  state: "active" | "lost",
  note: string | null,
): Promise<void> {
  const command = { worktreeId: id, patch: { state, note }, actor: WORKTREE_ACTOR, seen: time.updated };
  await store.patchWorktree(command).catch((error: unknown) => {
    if (!isHoldfastError(error, "CONFLICT")) throw error;
  });
}

function missing(
  directory: string,
  message: string,
  ways: MissingWorkspace["data"]["ways"],
): MissingWorkspace {
  return { name: "WorkspaceMissingError", data: { message, directory, ways } };
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
