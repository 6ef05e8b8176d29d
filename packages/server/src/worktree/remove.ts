/**
 * Removes a worktree (W-11).
 *
 *   stored steps:  begun ─► rescued ─► teardown ─► leaving ─► (end)          or disowned ─► (end)
 *   done in them:  agents closed, looked at, rescued; the command; looked at again; thrown into the trash, git's entry, branch, row and audit
 *
 * Until its directory has been renamed into the trash everything can be undone; from then on it is finished, here or by `recover`. What decides
 * is what is there, never an exit text. A directory that is not provably ours is never touched.
 */
import { faultPoint, HoldfastError } from "@holdfast/kernel";
import { type Actor, TEARDOWN_MS, type Worktree, type WorktreeId } from "@holdfast/protocol";
import { z } from "zod";
import { isHeldBy, lookAt, settleIndexLock } from "../git/index.ts";
import type { HeldOperation } from "../operation/index.ts";
import { endGroupOf, groupOf, groupSchema, runCommand } from "../process/index.ts";
import { findEntry, conditionOf } from "./condition.ts";
import type { SagaDeps } from "./deps.ts";
import { quiesce, requireWorktree, underIntent } from "./intent.ts";
import { rescuePrefix } from "./names.ts";
import { removeCheckout, removeBranch } from "./remove-checkout.ts";
import { look, namesOfUnsaved, type Rescued, rescueMissing, rescueWhole } from "./rescue.ts";
import { refuseRisk } from "./risk.ts";
import { emptyTrash } from "./trash.ts";

/** Most files that a note names of those that could not be rescued. */
const NAMED_UNSAVED = 20;

/** Kept through all steps: what the row says again when the removal is undone, and why it was begun (W-12). */
const kept = {
  before: z.enum(["active", "archived", "lost"]),
  reason: z.string().default("asked for"),
};
/** Files that are in no rescue, as the note names them. */
const unsaved = z.array(z.string()).default([]);
/** From `leaving` on it is finished once its directory is gone; `disowned` leaves the directory where it is. */
export const removeSteps = z.discriminatedUnion("step", [
  z.object({ step: z.literal("begun"), ...kept }),
  z.object({ step: z.literal("rescued"), ...kept }),
  z.object({ step: z.literal("teardown"), ...kept, group: groupSchema.optional() }),
  z.object({ step: z.literal("leaving"), ...kept, unsaved }),
  z.object({ step: z.literal("disowned"), ...kept, unsaved }),
]);
type RemoveStep = z.infer<typeof removeSteps>;
type Removing = HeldOperation<RemoveStep>;
const keptOf = ({ before, reason }: RemoveStep) => ({ before, reason });

export type RemoveWorktree = {
  /** Whether what the risk report names may be lost (W-10). */
  discard: boolean;
  skipTeardown: boolean;
  actor: Actor;
  /** Why, for the audit. */
  reason?: string;
};

/** Removes it; one that is removed already is answered as it is. Rejects NOT_FOUND, RISK_UNCONFIRMED, SESSION_BUSY, WORKSPACE_BUSY, CONFLICT. */
export async function removeWorktree(
  deps: SagaDeps,
  id: WorktreeId,
  options: RemoveWorktree,
): Promise<Worktree> {
  const worktree = await requireWorktree(deps.store, id);
  const { state } = worktree;
  if (state === "removed") return worktree;
  if (state === "creating") throw new HoldfastError("CONFLICT", `The worktree ${id} is just being made.`);
  if (!options.discard) await refuseRisk(deps, worktree);
  const data: RemoveStep = {
    step: "begun",
    before: state === "removing" ? "active" : state,
    reason: options.reason ?? "asked for",
  };
  return underIntent(
    deps,
    { kind: "remove", worktree, actor: options.actor, data },
    async (intent: Removing) => {
      faultPoint("worktree.remove.begun");
      await deps.store.patchWorktree({ worktreeId: id, patch: { state: "removing" }, actor: options.actor });
      await quiesce(deps, worktree);
      faultPoint("worktree.remove.quiesced");
      await leave(deps, worktree, options, intent);
      return finishRemove(deps, worktree, intent);
    },
  );
}

async function leave(
  deps: SagaDeps,
  worktree: Worktree,
  options: RemoveWorktree,
  intent: Removing,
): Promise<void> {
  const since = keptOf(intent.data);
  if (!options.discard) await refuseRisk(deps, worktree);
  const condition = await conditionOf(worktree);
  let unsaved: string[] = [];
  if (condition.kind === "missing") await rescueMissing(deps, worktree, condition.entry, options.actor);
  if (condition.kind === "whole") {
    await settleIndexLock(condition.entry.admin, deps.clock);
    const rescued = await rescueWhole(deps, worktree, options.actor);
    await intent.advance({ step: "rescued", ...since });
    faultPoint("worktree.remove.rescued");
    if (!options.skipTeardown) await tearDown(deps, worktree, intent);
    const { parcel } = await requireUnchanged(deps, worktree, rescued, options);
    unsaved = namesOfUnsaved(parcel, NAMED_UNSAVED);
    if (unsaved.length > 0 && !options.discard)
      throw new HoldfastError(
        "CONFLICT",
        `The worktree ${worktree.id} has ${parcel.unsaved.length} files that cannot be kept: ${unsaved.join(", ")}.`,
      );
  }
  // A moved or foreign directory stays where it is: only our rows end.
  const isOurs = condition.kind === "whole" || condition.kind === "missing";
  await intent.advance({ step: isOurs ? "leaving" : "disowned", ...since, unsaved });
  faultPoint("worktree.remove.leaving");
}

async function tearDown(deps: SagaDeps, worktree: Worktree, intent: Removing): Promise<void> {
  const since = keptOf(intent.data);
  const command = (await deps.store.getProject(worktree.projectId))?.worktree.teardown;
  if (command === undefined) return;
  const { ok, reason, tail } = await runCommand({
    command,
    directory: worktree.path,
    environment: deps.environment,
    timeoutMs: TEARDOWN_MS,
    clock: deps.clock,
    signal: deps.stopping,
    onStart: async (pid) => {
      await intent.advance({ step: "teardown", ...since, group: await groupOf(deps.processes, pid) });
      faultPoint("worktree.remove.teardown");
    },
  });
  if (!ok)
    throw new HoldfastError(
      "UNPROCESSABLE",
      `The teardown command of this project ${reason}. Nothing was removed; skipTeardown leaves it out.`,
      { data: { reason: "teardownFailed", output: tail } },
    );
}

/** The dirty check immediately before removal (W-10): the files are still those that were rescued, or with `discard` are rescued again. */
async function requireUnchanged(
  deps: SagaDeps,
  worktree: Worktree,
  rescued: Rescued,
  { discard, actor }: RemoveWorktree,
): Promise<Rescued> {
  const { tree, parcel } = await look(deps, worktree);
  if (tree === rescued.tree && parcel.sign === rescued.parcel.sign) return rescued;
  if (!discard)
    throw new HoldfastError(
      "CONFLICT",
      `Files of the worktree ${worktree.id} changed while it was to be removed.`,
    );
  return rescueWhole(deps, worktree, actor);
}

/** What a person must know of a removal afterwards: what stayed on the disk, and what could not be kept. */
function noteOf(data: RemoveStep): string | null {
  if (data.step === "disowned") return "Its directory was moved or is not ours; it was left on disk.";
  return data.step === "leaving" && data.unsaved.length > 0
    ? `Could not be kept, so they are in no rescue: ${data.unsaved.join(", ")}.`
    : null;
}

/** The part that is never undone. May be repeated. */
async function finishRemove(
  deps: SagaDeps,
  worktree: Worktree,
  { actor, claim, data }: Removing,
): Promise<Worktree> {
  const { store, root, logger } = deps;
  if (data.step !== "disowned") {
    await removeAll(deps, worktree);
    // Success is decided by looking.
    if ((await lookAt(worktree.path)) !== undefined || (await findEntry(worktree)) !== undefined)
      throw new HoldfastError("CONFLICT", `The worktree ${worktree.id} is still there after its removal.`);
  }
  const removed = await store.patchWorktree({
    worktreeId: worktree.id,
    patch: { state: "removed", note: noteOf(data) },
    actor,
    operation: { ...claim, state: "done" },
    audit: { action: "removed", reason: data.reason },
  });
  void emptyTrash(root, logger);
  return removed;
}

async function removeAll(deps: SagaDeps, worktree: Worktree): Promise<void> {
  const { id, repository } = worktree;
  await deps.locks.hold(repository, async () => {
    await removeCheckout(deps, worktree, "remove");
    await removeBranch(deps, worktree, (tip) => isHeldBy(deps.git, repository, tip, rescuePrefix(id)));
  });
  faultPoint("worktree.remove.branch");
}

/** After a failure or a crash: finished when its directory has left, else put back to what it was. May be repeated. */
export async function settleRemove(deps: SagaDeps, worktree: Worktree, held: Removing): Promise<void> {
  const { data, actor, claim } = held;
  if (data.step === "teardown") await endGroupOf(deps, data.group);
  if (mayHaveLeft(data.step) && (await lookAt(worktree.path)) === undefined) {
    await finishRemove(deps, worktree, held);
    return;
  }
  // Another removal ended between the look at the row and this one's intent.
  if (worktree.state === "removed") return held.end("undone");
  await deps.store.patchWorktree({
    worktreeId: worktree.id,
    patch: { state: data.before },
    actor,
    operation: { ...claim, state: "undone" },
  });
}

/** Whether the directory may have been thrown away by then; a step that follows `leaving` must say so here. */
function mayHaveLeft(step: RemoveStep["step"]): boolean {
  switch (step) {
    case "begun":
    case "rescued":
    case "teardown":
    case "disowned":
      return false;
    case "leaving":
      return true;
  }
}
