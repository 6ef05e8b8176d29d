/** How acts on worktrees that stopped in the middle are ended: finished or undone, by what is on the disk (W-11). */
import type { JsonObject, Worktree } from "@holdfast/protocol";
import { type HeldOperation, keeperOf, NotYet } from "../operation/index.ts";
import { isNamedByProcess } from "../process/index.ts";
import { archiveSteps, settleArchive } from "./archive.ts";
import { createSteps, undoCreate } from "./create.ts";
import type { SagaDeps } from "./deps.ts";
import { removeSteps, settleRemove } from "./remove.ts";
import { restoreSteps, settleRestore } from "./restore.ts";

type Settle<D extends JsonObject> = (
  deps: SagaDeps,
  worktree: Worktree,
  held: HeldOperation<D>,
  isLeft: boolean,
) => Promise<void>;

/** The keepers of all four kinds. `depsOf` is asked when one is needed. */
export const worktreeKeepers = (depsOf: () => SagaDeps) => ({
  create: keeper(depsOf, createSteps, undoCreate),
  archive: keeper(depsOf, archiveSteps, settleArchive),
  remove: keeper(depsOf, removeSteps, settleRemove),
  restore: keeper(depsOf, restoreSteps, settleRestore),
});

function keeper<D extends JsonObject>(
  depsOf: () => SagaDeps,
  steps: { parse(data: unknown): D },
  settle: Settle<D>,
) {
  return keeperOf<D>(
    () => depsOf().store,
    (data) => steps.parse(data),
    {
      async settle(held, isLeft) {
        const deps = depsOf();
        const worktree = held.worktreeId && (await deps.store.getWorktree(held.worktreeId));
        if (worktree === undefined) return held.end("undone");
        // A git that the dead server had started goes on without it; nothing is taken away under its hands.
        if (isLeft && (await isNamedByProcess(worktree.path)))
          throw new NotYet(`A git of the dead server still works at ${worktree.path}.`);
        await settle(deps, worktree, held, isLeft);
      },
    },
  );
}
