/**
 * Makes a worktree for a session (W-2).
 *
 *   begun (row `creating`, intent) ─► adding ─► added ─► laid ─► copied ─► set up ─► used (its session) ─► active, intent done
 *
 * Whatever fails before its session is there takes everything back: directory, git's entry, branch, refs, rows. After a crash `recover` does it.
 */
import { mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { faultPoint, HoldfastError, isInside, newId } from "@holdfast/kernel";
import type { Actor, Workspace, Worktree } from "@holdfast/protocol";
import { z } from "zod";
import { addWorktree, deleteRefs, lookAt, siteOf } from "../git/index.ts";
import type { HeldOperation } from "../operation/index.ts";
import { endGroupOf, groupSchema } from "../process/index.ts";
import type { BeginWorktreeCommand, Store } from "../store/index.ts";
import { conditionOf } from "./condition.ts";
import type { SagaDeps } from "./deps.ts";
import { furnish } from "./furnish.ts";
import { markRoot } from "./marker.ts";
import { branchOf, lockReasonOf, pathOf, startRefOf } from "./names.ts";
import { removeCheckout, removeBranch } from "./remove-checkout.ts";
import { findSourceCheckout, type SourceCheckout } from "./source-checkout.ts";
import { overlayFiles, type Start, takeStart } from "./start.ts";
import { emptyTrash } from "./trash.ts";

/** Until `adding` nothing of the worktree is on the disk. */
export const createSteps = z.discriminatedUnion("step", [
  z.object({ step: z.literal("begun") }),
  z.object({ step: z.literal("adding") }),
  z.object({ step: z.literal("setup"), group: groupSchema.optional() }),
]);
type CreateStep = z.infer<typeof createSteps>;
type Creating = HeldOperation<CreateStep>;

export type CreateWorktree = {
  /** Real path of a directory in a repository: the project. */
  directory: string;
  base: "head" | "dirty";
  actor: Actor;
};

/** Makes it and gives its workspace to `use`, which makes its first session. What `use` refuses undoes everything, and is rejected with. */
export async function createWorktree<T>(
  deps: SagaDeps,
  request: CreateWorktree,
  use: (workspace: Workspace) => Promise<T>,
): Promise<T> {
  const source = await findSourceCheckout(deps, request.directory);
  const data: CreateStep = { step: "begun" };
  let made: { worktree: Worktree; workspace: Workspace } | undefined;
  const { value } = await deps.operations.run({
    begin: async (own) => {
      const { value: begun, replayed } = await begin(deps, request.actor, source, { ...own, data });
      made = begun;
      return { value: begun.operation, replayed };
    },
    data,
    async work(held) {
      if (made === undefined) throw new Error(`${held.id} has no worktree.`);
      const { worktree, workspace } = made;
      faultPoint("worktree.create.begun");
      await build(deps, { worktree, held, source, base: request.base });
      await makeDirectory(join(worktree.path, source.prefix), worktree.path);
      const used = await use(workspace);
      faultPoint("worktree.create.used");
      await finishCreate(deps, worktree, held);
      faultPoint("worktree.create.active");
      return used;
    },
  });
  return value;
}

async function begin(
  deps: SagaDeps,
  actor: Actor,
  source: SourceCheckout,
  operation: Pick<BeginWorktreeCommand, "operationId" | "instanceId" | "data">,
): ReturnType<Store["beginWorktree"]> {
  const { store, clock, root } = deps;
  const now = clock.now();
  const id = newId("wkt", now);
  const path = pathOf(root, source.project, id);
  return store.beginWorktree({
    ...operation,
    worktreeId: id,
    workspaceId: newId("wsp", now),
    projectId: newId("prj", now),
    directoryWorkspaceId: newId("wsp", now),
    projectDirectory: source.project,
    directory: join(path, source.prefix),
    path,
    branch: branchOf(source.project, id),
    baseCommit: source.commit,
    baseTree: source.tree,
    repository: source.repository,
    actor,
  });
}

type Making = {
  worktree: Worktree;
  held: Creating;
  source: SourceCheckout;
  base: CreateWorktree["base"];
};

async function build(deps: SagaDeps, { worktree, held, source, base }: Making): Promise<void> {
  const { store, locks } = deps;
  let start: Start | undefined;
  if (base === "dirty") {
    start = await takeStart(deps, source, worktree);
    await store.patchWorktree({
      worktreeId: worktree.id,
      patch: { baseTree: start.tree },
      actor: worktree.owner,
    });
  }
  await locks.hold(worktree.repository, async () => {
    if ((await lookAt(worktree.path)) !== undefined)
      throw new HoldfastError("CONFLICT", `Something is at ${worktree.path} already.`);
    // From here on what is at the path is ours to take away.
    await held.advance({ step: "adding" });
    await addWorktree(deps.git, {
      top: source.top,
      path: worktree.path,
      commit: worktree.baseCommit,
      on: { newBranch: worktree.branch },
      reason: lockReasonOf(store.storeId, worktree.id),
      hooks: source.settings.hooks === true,
    });
  });
  faultPoint("worktree.create.added");
  const { kind } = await conditionOf(worktree);
  if (kind !== "whole") throw new HoldfastError("INTERNAL", `The new worktree ${worktree.id} is ${kind}.`);
  if (start !== undefined) await overlayFiles(deps, worktree.path, start);
  faultPoint("worktree.create.laid");
  await furnish(deps, {
    worktree,
    from: source.top,
    settings: source.settings,
    onSetup: (group) => held.advance({ step: "setup", group }),
  });
}

/** Where sessions work: below the top as the project is below its repository's. It need not be in the base. */
async function makeDirectory(directory: string, top: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const [real, inside] = await Promise.all([realpath(directory), realpath(top)]);
  if (!isInside(inside, real))
    throw new HoldfastError(
      "PATH_ESCAPES",
      "The project's directory is a link that leads out of the worktree.",
    );
}

/** The creation has its session: rows say so, in one transaction. */
async function finishCreate(deps: SagaDeps, worktree: Worktree, { claim }: Creating): Promise<void> {
  const { store, root } = deps;
  await store.patchWorktree({
    worktreeId: worktree.id,
    patch: { state: "active" },
    actor: worktree.owner,
    operation: { ...claim, state: "done" },
  });
  await markRoot(root, store.storeId, worktree.id);
}

/** Takes everything back, unless a session works there, which finishes it instead. May be repeated. */
export async function undoCreate(deps: SagaDeps, worktree: Worktree, held: Creating): Promise<void> {
  const { store, locks, git, root, logger } = deps;
  if ((await store.workspaceUsers(worktree.workspaceId)).length > 0)
    return finishCreate(deps, worktree, held);
  const { data } = held;
  if (data.step === "setup") await endGroupOf(deps, data.group);
  if (data.step !== "begun")
    await locks.hold(worktree.repository, async () => {
      await removeCheckout(deps, worktree, "create");
      // The branch is this creation's own; what its setup committed there goes with it.
      await removeBranch(deps, worktree, () => Promise.resolve(true));
    });
  await deleteRefs(await siteOf(git, worktree.repository), [startRefOf(worktree.workspaceId)]);
  await store.dropWorktree({ worktreeId: worktree.id, operation: held.claim, actor: worktree.owner });
  void emptyTrash(root, logger);
}
