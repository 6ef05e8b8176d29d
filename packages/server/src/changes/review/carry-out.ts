/**
 * From a plan to its end (W-8, W-9). The plan is durable before the first file is touched, every file is durable before the rows move, and rows, trees and
 * the operation's end are one transaction:
 *
 *   advance(planned) ─► files, one by one ─► all looked at again ─► refs ─► commitReview ─► done
 *          │                  │ neither old nor new, or the disk refuses
 *          │                  ▼
 *          │            files go back ─► undone, or conflict when somebody changed what had been written
 *          └─ a crash anywhere: `settle` judges the files and goes on from there
 */
import { errorText, faultPoint, HoldfastError, isHoldfastError } from "@holdfast/kernel";
import { showPath } from "../../git/index.ts";
import type { HeldOperation } from "../../operation/index.ts";
import type { Operation } from "../../store/index.ts";
import type { ReviewDeps } from "./deps.ts";
import { type EndedPlan, type Plan, requirePlanSize, type ReviewStep, storedPlan } from "./plan.ts";
import { conflictRefusal } from "./refusal.ts";
import type { ReviewRepository } from "./review-repository.ts";
import { backward, FilesMoved, forward, type Progress, standings } from "./write-files.ts";

type HeldReview = HeldOperation<ReviewStep>;

/** Prefix of the refs that keep what an operation needs. */
export const refsOf = (operationId: string): string => `refs/holdfast/op/${operationId}`;

/** Does what the plan says, all of it or nothing. Rejects CHANGES_CONFLICT when a file moved in between; every file is as it was then. */
export async function carryOut(
  deps: ReviewDeps,
  held: HeldReview,
  plan: Plan,
  repo: ReviewRepository,
): Promise<void> {
  const { id, kind } = held;
  const progress: Progress = { written: new Set(), raws: new Map() };
  requirePlanSize(plan);
  await held.advance({ stage: "planned", undoes: held.data.undoes, plan });
  faultPoint(`changes.${kind}.planned`);
  try {
    await goForward(deps, held, plan, repo, progress);
  } catch (error) {
    await takeBack(deps, held, plan, repo, progress);
    if (!(error instanceof FilesMoved)) throw error;
    throw await conflictRefusal(
      repo,
      error.keys.map((key) => ({ key, reason: error.reason })),
    );
  }
  deps.logger.info({ operation: id, kind, files: plan.files.length }, "review done");
}

async function goForward(
  deps: ReviewDeps,
  held: HeldReview,
  plan: Plan,
  repo: ReviewRepository,
  progress: Progress,
): Promise<void> {
  const { kind, actor, claim, data } = held;
  await forward(repo.checkout, plan.files, progress, () => faultPoint(`changes.${kind}.file`));
  const all = await standings(repo.checkout, plan.files);
  const moved = plan.files.filter(({ key }) => all.get(key) !== "new").map(({ key }) => key);
  if (moved.length > 0) throw new FilesMoved(moved);
  faultPoint(`changes.${kind}.verified`);
  for (const { ref, commit } of plan.refs) await repo.setRef(ref, commit);
  faultPoint(`changes.${kind}.refs`);
  const { write, ...rest } = plan;
  const files = plan.files.map((file) => withRaw(file, progress.raws.get(file.key)));
  const ended: ReviewStep = { stage: "ended", undoes: data.undoes, plan: { ...rest, files } };
  await deps.store.commitReview({
    ...write,
    others: write.others.map((other) => ({ ...other, actor })),
    actor,
    operation: claim,
    state: "done",
    data: ended,
  });
  faultPoint(`changes.${kind}.committed`);
}

/** The bytes that were written, so that an undo meets exactly these. */
function withRaw(file: Plan["files"][number], raw: string | undefined): Plan["files"][number] {
  return file.new === null || raw === undefined ? file : { ...file, new: { ...file.new, raw } };
}

async function takeBack(
  deps: ReviewDeps,
  held: HeldReview,
  plan: Plan,
  repo: ReviewRepository,
  progress: Progress,
): Promise<void> {
  await held.advance({ stage: "undoing", undoes: held.data.undoes, plan });
  faultPoint(`changes.${held.kind}.undoing`);
  const left = await backward(repo.checkout, plan.files);
  await endAsTaken(deps, held, repo, {
    plan,
    moved: left.filter((key) => progress.written.has(key)),
  });
}

/** The end of what was taken back: `undone`, or `conflict` for files that somebody changed after they had been written. */
async function endAsTaken(
  deps: ReviewDeps,
  held: HeldReview,
  repo: ReviewRepository,
  { plan, moved }: { plan: Plan | undefined; moved: readonly string[] },
): Promise<void> {
  if (plan !== undefined && moved.length > 0) return endAsConflict(held, plan, moved);
  await held.end("undone", { stage: "ended", undoes: held.data.undoes });
  // Refs of an operation that did nothing keep nothing. Left, they harm nobody.
  try {
    const made = plan?.refs.map(({ ref }) => ref) ?? [];
    for (const ref of [`${refsOf(held.id)}/`, ...made]) await repo.deleteRefs(ref);
  } catch (error) {
    deps.logger.warn({ operation: held.id, error: errorText(error) }, "refs of an undone review are left");
  }
}

/** The rows stay as they are; the plan without them is kept for those who ask what happened. */
async function endAsConflict(
  held: HeldReview,
  plan: EndedPlan & { write?: unknown },
  moved: readonly string[],
): Promise<void> {
  const { write: _write, ...kept } = plan;
  const paths = moved.map(showPath);
  await held.end("conflict", { stage: "ended", undoes: held.data.undoes, plan: kept, moved: paths });
}

/**
 * Ends a review that a dead server left, or that failed halfway: nothing written yet is undone; files that are all old or new go forward (or back, when that
 * had begun or forward is no way); a file that is neither stops it with `conflict`, and nothing is touched (W-8). Where its place is gone, it is given up.
 */
export async function settle(deps: ReviewDeps, held: HeldReview): Promise<void> {
  const { data } = held;
  const repo = await deps.repositories
    .at(held.workspaceId, storedPlan(data)?.root)
    .catch((error: unknown) => {
      // What storage refuses now says nothing of the place.
      if (!isHoldfastError(error) || error.code === "STORAGE_UNAVAILABLE") throw error;
      return undefined;
    });
  if (repo === undefined) return giveUp(held);
  if (data.stage !== "planned" && data.stage !== "undoing")
    return endAsTaken(deps, held, repo, { plan: undefined, moved: [] });
  const { plan } = data;
  const keys = plan.files.map(({ key }) => key);
  await repo.sweep(keys);
  const all = await standings(repo.checkout, plan.files);
  const moved = keys.filter((key) => all.get(key) === "neither");
  if (moved.length > 0) return endAsConflict(held, plan, moved);
  // The dead server may have written any of them.
  const progress: Progress = { written: new Set(keys), raws: new Map() };
  if (data.stage === "undoing") return takeBack(deps, held, plan, repo, progress);
  try {
    await goForward(deps, held, plan, repo, progress);
  } catch (error) {
    deps.logger.warn({ operation: held.id, error: errorText(error) }, "a review cannot go on and goes back");
    await takeBack(deps, held, plan, repo, progress);
  }
}

/** Ends a review whose files cannot be judged: they are left as they are. */
export async function giveUp(held: HeldReview): Promise<void> {
  const plan = storedPlan(held.data);
  if (plan === undefined) await held.end("undone", { stage: "ended", undoes: held.data.undoes });
  else
    await endAsConflict(
      held,
      plan,
      plan.files.map(({ key }) => key),
    );
}

/** The refusal for everybody who asks again for an act that stopped with `conflict`. */
export function stoppedRefusal(operation: Operation, moved: readonly string[]): HoldfastError {
  return new HoldfastError(
    "CHANGES_CONFLICT",
    `${operation.id} stopped: files were changed while it worked, and were left alone. Look at them, and decide again.`,
    { data: { operationId: operation.id, paths: moved } },
  );
}
