/** Finishes or undoes what a dead server left in the middle (W-11). What cannot be settled now keeps its intent, and with it its lease. */
import { errorText, wait } from "@holdfast/kernel";
import { isNamedByProcess } from "../process/index.ts";
import type { Operation } from "../store/index.ts";
import { settleArchive } from "./archive.ts";
import { undoCreate } from "./create.ts";
import type { SagaDeps } from "./deps.ts";
import { settleRemove } from "./remove.ts";
import { settleRestore } from "./restore.ts";

const KINDS = ["create", "archive", "remove", "restore"] as const;
/** Intents that are read at once; the rest comes with the next pass. */
const MOST = 1_000;
/** How long one settling waits for gits of the dead server, all in all, in ms: a start must not hang on them. And the spacing of looks. */
const ORPHAN_MS = 10_000;
const LOOK_MS = 50;

/** Settles every intent that this process is not at work on. Answers how many are left. */
export async function settleAll(deps: SagaDeps): Promise<number> {
  const { store, logger } = deps;
  const open = await store.listOperations({ kinds: KINDS, state: "running", limit: MOST });
  const patience = deps.clock.monotonic() + ORPHAN_MS;
  let left = 0;
  for (const operation of open) {
    if (deps.running.has(operation.id)) continue;
    try {
      await settle(deps, operation, patience);
      logger.info(
        { operationId: operation.id, kind: operation.kind },
        "settled an act on a worktree that a dead server left",
      );
    } catch (error) {
      left += 1;
      logger.error(
        { operationId: operation.id, kind: operation.kind, error: errorText(error) },
        "an act on a worktree that a dead server left could not be settled yet; it is tried again",
      );
    }
    deps.sessions.wakeWorkspace(operation.workspaceId);
  }
  return left;
}

async function settle(deps: SagaDeps, operation: Operation, patience: number): Promise<void> {
  const { worktreeId } = operation;
  const worktree = worktreeId === undefined ? undefined : await deps.store.getWorktree(worktreeId);
  if (worktree === undefined) {
    await deps.store.endOperation({ operationId: operation.id, state: "undone" });
    return;
  }
  await waitForOrphans(deps, worktree.path, patience);
  switch (operation.kind) {
    case "create":
      return undoCreate(deps, worktree, operation.id);
    case "archive":
      return settleArchive(deps, worktree, operation.id);
    case "remove":
      return settleRemove(deps, worktree, operation.id);
    case "restore":
      return settleRestore(deps, worktree, operation.id);
    default:
      return;
  }
}

/** A git that the dead server had started goes on without it; nothing is taken away under its hands. */
async function waitForOrphans({ clock }: SagaDeps, path: string, patience: number): Promise<void> {
  while (await isNamedByProcess(path)) {
    if (clock.monotonic() > patience) throw new Error(`A git of the dead server still works at ${path}.`);
    await wait(clock, LOOK_MS);
  }
}
