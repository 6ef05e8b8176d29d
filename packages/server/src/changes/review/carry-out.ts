/**
 * From a plan to its end (W-8, W-9). The plan is durable before the first file is touched, every file is durable before the rows move, and rows, trees and
 * the operation's end are one transaction:
 *
 *   advance(planned) ─► files, one by one ─► all looked at again ─► refs ─► commitReview ─► done
 *          │                  │ neither old nor new, or the disk refuses
 *          │                  ▼
 *          │            files go back ─► undone, or conflict when somebody changed what had been written
 *          └─ a crash anywhere: `recover` judges the files and goes on from there
 */
import { errorText, faultPoint, HoldfastError } from "@holdfast/kernel";
import { showPath } from "../../git/index.ts";
import type { Operation } from "../../store/index.ts";
import type { ReviewDeps } from "./deps.ts";
import { type OperationData, type Plan, toJson } from "./plan.ts";
import { conflictRefusal } from "./refusal.ts";
import type { ReviewRepository } from "./review-repository.ts";
import { backward, FilesMoved, forward, type Progress, standings } from "./write-files.ts";

type Facts = Pick<Operation, "id" | "kind" | "actor">;

/** Prefix of the refs that keep what an operation needs. */
export const refsOf = (operationId: string): string => `refs/holdfast/op/${operationId}`;

/** Does what the plan says, all of it or nothing. Rejects CHANGES_CONFLICT when a file moved in between; every file is as it was then. */
export async function carryOut(
  deps: ReviewDeps,
  operation: Facts,
  data: OperationData & { plan: Plan },
  repo: ReviewRepository,
): Promise<void> {
  const { plan } = data;
  const progress: Progress = { written: new Set(), raws: new Map() };
  await deps.store.advanceOperation({
    operationId: operation.id,
    data: toJson({ ...data, stage: "planned" }),
  });
  faultPoint(`changes.${operation.kind}.planned`);
  try {
    await goForward(deps, operation, data, repo, progress);
  } catch (error) {
    await takeBack(deps, operation, data, repo, progress);
    if (!(error instanceof FilesMoved)) throw error;
    throw await conflictRefusal(
      repo,
      error.keys.map((key) => ({ key, reason: error.reason })),
    );
  }
  deps.logger.info(
    { operation: operation.id, kind: operation.kind, files: plan.files.length },
    "review done",
  );
}

async function goForward(
  deps: ReviewDeps,
  operation: Facts,
  data: OperationData & { plan: Plan },
  repo: ReviewRepository,
  progress: Progress,
): Promise<void> {
  const { id, kind, actor } = operation;
  const { plan } = data;
  if (plan.write === undefined) throw new Error(`The plan of ${id} has no rows to write.`);
  await forward(repo.checkout, plan.files, progress, () => faultPoint(`changes.${kind}.file`));
  const all = await standings(repo.checkout, plan.files);
  const moved = plan.files.filter(({ key }) => all.get(key) !== "new").map(({ key }) => key);
  if (moved.length > 0) throw new FilesMoved(moved);
  faultPoint(`changes.${kind}.verified`);
  for (const { ref, commit } of plan.refs) await repo.setRef(ref, commit);
  faultPoint(`changes.${kind}.refs`);
  const { write, ...rest } = plan;
  const files = plan.files.map((file) => withRaw(file, progress.raws.get(file.key)));
  await deps.store.commitReview({
    ...write,
    others: write.others.map((other) => ({ ...other, actor })),
    actor,
    operationId: id,
    state: "done",
    data: toJson({ ...data, stage: "ended", plan: { ...rest, files } }),
  });
  faultPoint(`changes.${kind}.committed`);
}

/** The bytes that were written, so that an undo meets exactly these. */
function withRaw(file: Plan["files"][number], raw: string | undefined): Plan["files"][number] {
  return file.new === null || raw === undefined ? file : { ...file, new: { ...file.new, raw } };
}

async function takeBack(
  deps: ReviewDeps,
  operation: Facts,
  data: OperationData & { plan: Plan },
  repo: ReviewRepository,
  progress: Progress,
): Promise<"undone" | "conflict"> {
  const { id } = operation;
  await deps.store.advanceOperation({ operationId: id, data: toJson({ ...data, stage: "undoing" }) });
  faultPoint(`changes.${operation.kind}.undoing`);
  const left = await backward(repo.checkout, data.plan.files);
  return endAsTaken(
    deps,
    operation,
    data,
    repo,
    left.filter((key) => progress.written.has(key)),
  );
}

/** The end of what was taken back: `undone`, or `conflict` for files that somebody changed after they had been written. */
async function endAsTaken(
  deps: ReviewDeps,
  { id }: Facts,
  data: OperationData,
  repo: ReviewRepository,
  moved: readonly string[],
): Promise<"undone" | "conflict"> {
  const { plan, ...rest } = data;
  const state = moved.length === 0 ? "undone" : "conflict";
  const { write: _write, ...kept } = plan ?? {};
  await deps.store.endOperation({
    operationId: id,
    state,
    data: toJson({
      ...rest,
      stage: "ended",
      ...(plan === undefined || state === "undone" ? {} : { plan: kept as Plan, moved: moved.map(showPath) }),
    }),
  });
  if (state === "undone") await dropRefs(deps, id, repo, plan);
  return state;
}

/** Refs of an operation that did nothing keep nothing. A failure leaves them where they harm nobody. */
async function dropRefs(
  deps: ReviewDeps,
  id: string,
  repo: ReviewRepository,
  plan: Plan | undefined,
): Promise<void> {
  try {
    const made = plan?.refs.map(({ ref }) => ref) ?? [];
    for (const ref of [`${refsOf(id)}/`, ...made]) await repo.deleteRefs(ref);
  } catch (error) {
    deps.logger.warn({ operation: id, error: errorText(error) }, "refs of an undone review are left");
  }
}

/**
 * Ends an operation that a dead server left, or that failed halfway: nothing written yet is undone; files that are all old or new go forward (or back,
 * when that had begun or forward is no way); a file that is neither stops it with `conflict`, and nothing is touched (W-8). Answers how it ended.
 */
export async function settle(
  deps: ReviewDeps,
  operation: Operation,
  data: OperationData,
  repo: ReviewRepository,
): Promise<"done" | "undone" | "conflict"> {
  const { plan } = data;
  if (plan === undefined || data.stage === "begun")
    return endAsTaken(deps, operation, { ...data, plan: undefined }, repo, []);
  const keys = plan.files.map(({ key }) => key);
  await repo.sweep(keys);
  const all = await standings(repo.checkout, plan.files);
  const moved = keys.filter((key) => all.get(key) === "neither");
  if (moved.length > 0) return endAsTaken(deps, operation, data, repo, moved);
  // The dead server may have written any of them.
  const progress: Progress = { written: new Set(keys), raws: new Map() };
  const planned = { ...data, plan };
  if (data.stage === "undoing") return takeBack(deps, operation, planned, repo, progress);
  try {
    await goForward(deps, operation, planned, repo, progress);
    return "done";
  } catch (error) {
    deps.logger.warn(
      { operation: operation.id, error: errorText(error) },
      "a review cannot go on and goes back",
    );
    return takeBack(deps, operation, planned, repo, progress);
  }
}

/** An operation that cannot be judged, because its place is gone: its files are left as they are. */
export async function giveUp(deps: ReviewDeps, operation: Operation, data: OperationData): Promise<void> {
  const { write: _write, ...kept } = data.plan ?? {};
  const moved = data.plan?.files.map(({ key }) => showPath(key)) ?? [];
  await deps.store.endOperation({
    operationId: operation.id,
    state: data.plan === undefined ? "undone" : "conflict",
    data: toJson({
      ...data,
      stage: "ended",
      ...(data.plan === undefined ? {} : { plan: kept as Plan, moved }),
    }),
  });
}

/** The refusal for everybody who asks again for an act that stopped with `conflict`. */
export function stoppedRefusal(operation: Operation, moved: readonly string[]): HoldfastError {
  return new HoldfastError(
    "CHANGES_CONFLICT",
    `${operation.id} stopped: files were changed while it worked, and were left alone. Look at them, and decide again.`,
    { data: { operationId: operation.id, paths: moved } },
  );
}
