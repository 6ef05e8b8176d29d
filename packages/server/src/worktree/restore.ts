/**
 * Brings a worktree back whose directory is gone (W-11, W-13), at the same path and in the same workspace, so that its sessions go on:
 * from its rescue (files byte for byte, HEAD, what was staged), or at the commit and tree it started from.
 */
import { mkdir } from "node:fs/promises";
import { faultPoint, HoldfastError, newId } from "@holdfast/kernel";
import type { Actor, Worktree, WorktreeId } from "@holdfast/protocol";
import { z } from "zod";
import {
  addWorktree,
  branchTip,
  checkoutTop,
  commitOf,
  findRepository,
  checkOutTree,
  checkoutOf,
  stageTree,
  treeOfCommit,
  withoutRequiredFilters,
} from "../git/index.ts";
import type { HeldOperation } from "../operation/index.ts";
import { endGroupOf, groupSchema } from "../process/index.ts";
import type { SnapshotMark } from "../store/index.ts";
import { Beside } from "./beside/index.ts";
import { conditionOf } from "./condition.ts";
import type { SagaDeps } from "./deps.ts";
import { furnish } from "./furnish.ts";
import { requireWorktree, underIntent } from "./intent.ts";
import { lockReasonOf } from "./names.ts";
import { removeCheckout } from "./remove-checkout.ts";
import { besideRefOf, rescueTurns } from "./rescue.ts";
import { overlayFiles, type Start, startAt } from "./start.ts";
import { emptyTrash } from "./trash.ts";

/** What the row says again when the restoring is undone. */
const before = z.enum(["active", "archived", "lost", "removed"]);
/** Until `adding` nothing of the worktree is on the disk. */
export const restoreSteps = z.discriminatedUnion("step", [
  z.object({ step: z.literal("begun"), before }),
  z.object({ step: z.literal("adding"), before }),
  z.object({ step: z.literal("setup"), before, group: groupSchema.optional() }),
]);
type RestoreStep = z.infer<typeof restoreSteps>;
type Restoring = HeldOperation<RestoreStep>;

export type RestoreFrom = "rescue" | "base";

/** Where the files and HEAD of a restored worktree come from. */
type Source = {
  head: string;
  isDetached: boolean;
  start: Start | undefined;
  index: string | undefined;
  /** The commit of what was kept beside a rescue. */
  beside: string | undefined;
};

/** One that is there already is answered as it is. Rejects NOT_FOUND, UNPROCESSABLE without a rescue or base, CONFLICT, WORKSPACE_BUSY. */
export async function restoreWorktree(
  deps: SagaDeps,
  id: WorktreeId,
  { from, actor }: { from: RestoreFrom; actor: Actor },
): Promise<Worktree> {
  const { store } = deps;
  const worktree = await requireWorktree(store, id);
  const condition = await conditionOf(worktree);
  if (condition.kind === "whole" && (worktree.state === "active" || worktree.state === "archived"))
    return worktree;
  if (condition.kind === "moved")
    throw new HoldfastError(
      "CONFLICT",
      `The worktree was moved to ${condition.to}. Move it back with git worktree move.`,
    );
  if (condition.kind === "foreign")
    throw new HoldfastError(
      "CONFLICT",
      `What is at ${worktree.path} is not this worktree: ${condition.reason}. Move it away first.`,
    );
  if (worktree.state === "creating" || worktree.state === "removing")
    throw new HoldfastError("WORKSPACE_BUSY", `The worktree ${id} is ${worktree.state}.`, {
      data: { holder: id },
    });
  const held =
    from === "rescue" && condition.kind === "missing"
      ? await rescueTurns(deps, worktree, condition.entry, actor)
      : worktree;
  const source = await sourceOf(deps, held, from);
  const data: RestoreStep = { step: "begun", before: worktree.state };
  return underIntent(deps, { kind: "restore", worktree, actor, data }, async (intent: Restoring) => {
    faultPoint("worktree.restore.begun");
    await requireAsSeen(deps, worktree, condition.kind);
    if (condition.kind === "missing") await rebuild(deps, worktree, source, intent);
    const workspace = await store.getWorkspace(worktree.workspaceId);
    if (workspace !== undefined) await mkdir(workspace.directory, { recursive: true });
    const marks = condition.kind === "missing" ? await marksOf(deps, worktree, source) : [];
    const restored = await store.patchWorktree({
      worktreeId: id,
      patch: { state: "active", note: null },
      actor,
      operation: { ...intent.claim, state: "done" },
      audit: { action: "restored", reason: `from ${from}` },
      marks,
    });
    faultPoint("worktree.restore.active");
    return restored;
  });
}

/** Tells the sessions that work there which tree their files are again. */
async function marksOf(
  { store, git, clock }: SagaDeps,
  { workspaceId, repository }: Worktree,
  { start, head }: Source,
): Promise<SnapshotMark[]> {
  const snapshot = start?.tree ?? (await treeOfCommit(git, repository, head));
  const users = await store.workspaceUsers(workspaceId);
  return users.map(({ sessionId }) => ({ sessionId, partId: newId("prt", clock.now()), snapshot }));
}

/** What was decided by may have changed before the intent: another restoring may have ended in between. Rejects CONFLICT. */
async function requireAsSeen(deps: SagaDeps, seen: Worktree, kind: string): Promise<void> {
  const now = await requireWorktree(deps.store, seen.id);
  if (now.state !== seen.state || (await conditionOf(now)).kind !== kind)
    throw new HoldfastError("CONFLICT", `The worktree ${seen.id} was changed meanwhile. Look at it again.`);
}

async function rebuild(deps: SagaDeps, worktree: Worktree, source: Source, held: Restoring): Promise<void> {
  const { store, git, locks } = deps;
  const { id, path, branch, repository } = worktree;
  const { before: former } = held.data;
  await held.advance({ step: "adding", before: former });
  await locks.hold(repository, async () => {
    // git may still have an entry of the directory that is gone.
    await removeCheckout(deps, worktree, "restore");
    const tip = await branchTip(git, repository, branch);
    await addWorktree(git, {
      top: repository,
      path,
      commit: source.head,
      on: source.isDetached ? "detached" : tip === undefined ? { newBranch: branch } : { branch },
      reason: lockReasonOf(store.storeId, id),
      hooks: false,
      checkout: false,
    });
  });
  faultPoint("worktree.restore.added");
  const beside = source.beside === undefined ? undefined : await openBeside(deps, path, source.beside);
  await beside?.unpackGit();
  const config = await withoutRequiredFilters(git, { directory: path });
  await (source.start === undefined
    ? checkOutTree(git, path, "HEAD", config)
    : overlayFiles(deps, path, source.start, config));
  if (source.index !== undefined) await stageTree(git, path, source.index, config);
  faultPoint("worktree.restore.laid");
  await beside?.unpackFiles();
  faultPoint("worktree.restore.unpacked");
  const settings = (await store.getProject(worktree.projectId))?.worktree ?? {};
  const top = await checkoutTop(git, worktree.repository);
  if (top !== undefined)
    await furnish(deps, {
      worktree,
      from: top,
      settings,
      onSetup: (group) => held.advance({ step: "setup", before: former, group }),
    });
}

async function openBeside({ git }: SagaDeps, path: string, commit: string): Promise<Beside> {
  const repository = await findRepository(git, path);
  if (repository === undefined) throw new HoldfastError("CONFLICT", `${path} is in no repository.`);
  return Beside.open(checkoutOf(git, repository, "top"), commit);
}

async function sourceOf(deps: SagaDeps, worktree: Worktree, from: RestoreFrom): Promise<Source> {
  const { git } = deps;
  const { repository } = worktree;
  if (from === "base") {
    const head = await commitOf(git, repository, worktree.baseCommit);
    if (head === undefined) throw gone(`The commit ${worktree.baseCommit} that it started from`);
    const isHead = (await treeOfCommit(git, repository, head)) === worktree.baseTree;
    // What a base of kind `dirty` held beside its commit is laid over it again.
    const start = isHead ? undefined : await startAt(deps, worktree);
    return { head, isDetached: false, start, index: undefined, beside: undefined };
  }
  const { rescue } = worktree;
  const commit = rescue === undefined ? undefined : await commitOf(git, repository, rescue.commit);
  if (rescue === undefined || commit === undefined) throw gone("A rescue of it");
  const head = await commitOf(git, repository, `${rescue.ref}-head`);
  // Of a directory that was gone only its last commit was left.
  const none = { start: undefined, index: undefined, beside: undefined };
  if (head === undefined) return { head: commit, isDetached: false, ...none };
  const index = await commitOf(git, repository, `${rescue.ref}-index`);
  return {
    head,
    isDetached: rescue.headRef !== undefined,
    start: { commit, tree: await treeOfCommit(git, repository, commit) },
    index: index === undefined ? undefined : await treeOfCommit(git, repository, index),
    beside: await commitOf(git, repository, besideRefOf(rescue)),
  };
}

/** After a failure or a crash: what was put there goes again, and the row says what it said before. May be repeated. */
export async function settleRestore(deps: SagaDeps, worktree: Worktree, held: Restoring): Promise<void> {
  const { store, locks, root, logger } = deps;
  const { data, actor, claim } = held;
  if (data.step === "setup") await endGroupOf(deps, data.group);
  if (data.step !== "begun")
    await locks.hold(worktree.repository, () => removeCheckout(deps, worktree, "restore"));
  // Nothing of it is on the disk, and the row is somebody else's since.
  if (data.step === "begun" && worktree.state !== data.before) return held.end("undone");
  await store.patchWorktree({
    worktreeId: worktree.id,
    patch: { state: data.before },
    actor,
    operation: { ...claim, state: "undone" },
  });
  void emptyTrash(root, logger);
}

function gone(what: string): HoldfastError {
  return new HoldfastError("UNPROCESSABLE", `${what} is not in the repository any more.`, {
    data: { reason: "gone" },
  });
}
