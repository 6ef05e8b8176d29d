import { isHoldfastError, notFound, storageRefusal } from "@holdfast/kernel";
import {
  type Change,
  type ChangeId,
  type ChangeList,
  MAX_LIST_PATCH_BYTES,
  MAX_PATCH_BYTES,
  type Tracking,
  type WorkspaceId,
} from "@holdfast/protocol";
import { isGitError } from "../../git/index.ts";
import type { StoredChange } from "../../store/index.ts";
import type { ReviewDeps } from "./deps.ts";
import type { ReviewRepository, Patch } from "./review-repository.ts";

/** Most bytes of the patch of a change that is read alone (W-6). */
export const MAX_WHOLE_PATCH_BYTES = 16 * 1024 * 1024;

type View = StoredChange & Pick<Change, "time" | "action" | "staged">;

/**
 * The pending changes of a workspace with their patches, as many as fit. `refresh` looks at the files first, unless somebody works there: then rows move with
 * the end of the turn. Without its directory a workspace still lists its changes, without patches (W-13).
 */
export async function listChanges(
  deps: ReviewDeps,
  workspaceId: WorkspaceId,
  options: { refresh: boolean },
): Promise<ChangeList> {
  const { store } = deps;
  if ((await store.getWorkspace(workspaceId)) === undefined) throw notFound("workspace", workspaceId);
  if (options.refresh && (await isQuiet(deps, workspaceId)))
    await deps.watch
      .exclusive([workspaceId], () => deps.watch.refresh(workspaceId))
      .catch((error: unknown) => ignoreFailure(deps, workspaceId, error));
  const [tracking, rows] = await Promise.all([
    store.getTracking(workspaceId),
    store.listChanges({ workspaceId }),
  ]);
  const limits = { each: MAX_PATCH_BYTES, all: MAX_LIST_PATCH_BYTES };
  const patches = await patchesOf(deps, workspaceId, tracking, rows, limits);
  return { items: rows.map((row) => shown(row, patches.get(row.key))), tracking };
}

/** One change with its whole patch. Rejects NOT_FOUND. */
export async function getChange(deps: ReviewDeps, workspaceId: WorkspaceId, id: ChangeId): Promise<Change> {
  const row = await deps.store.getChange(id);
  if (row?.workspaceId !== workspaceId) throw notFound("pending change of this workspace", id);
  const tracking = await deps.store.getTracking(workspaceId);
  const limits = { each: MAX_WHOLE_PATCH_BYTES, all: MAX_WHOLE_PATCH_BYTES };
  const patches = await patchesOf(deps, workspaceId, tracking, [row], limits);
  return shown(row, patches.get(row.key));
}

async function isQuiet({ store }: ReviewDeps, workspaceId: WorkspaceId): Promise<boolean> {
  const users = await store.workspaceUsers(workspaceId);
  return users.every(({ liveTurnId }) => liveTurnId === undefined);
}

/** What cannot be looked at now is shown as it was; `tracking` says why, and the log what git said. */
function ignoreFailure({ logger }: ReviewDeps, workspaceId: WorkspaceId, error: unknown): void {
  if (storageRefusal(error) !== undefined) throw error;
  if (isGitError(error)) logger.warn({ workspaceId, error: error.message }, "changes could not be looked at");
  else if (!isHoldfastError(error)) throw error;
}

async function patchesOf(
  deps: ReviewDeps,
  workspaceId: WorkspaceId,
  { baseline, newest }: Tracking,
  rows: readonly View[],
  limits: Parameters<ReviewRepository["patches"]>[3],
): Promise<Map<string, Patch>> {
  if (baseline === undefined || newest === undefined || rows.length === 0) return new Map();
  try {
    const { repo } = await deps.repositories.of(workspaceId);
    const keys = rows.flatMap(({ key, oldKey }) => (oldKey === undefined ? [key] : [key, oldKey]));
    return await repo.patches(baseline, newest, keys, limits);
  } catch (error) {
    ignoreFailure(deps, workspaceId, error);
    return new Map();
  }
}

function shown({ key: _key, oldKey: _oldKey, ...change }: View, patch: Patch | undefined): Change {
  if (patch === undefined) return change;
  return {
    ...change,
    ...(patch.text === undefined ? {} : { patch: patch.text }),
    ...(patch.isTruncated ? { patchTruncated: true } : {}),
  };
}
