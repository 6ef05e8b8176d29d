import type { WorkspaceId } from "@holdfast/protocol";
import { deleteRefs } from "../../git/index.ts";
import type { SnapshotRow } from "../../store/index.ts";
import type { TrackerDeps } from "./deps.ts";
import type { Tracker } from "./tracker.ts";

/** How long a snapshot stays that nothing needs (W-3), in ms. */
export const SNAPSHOT_MS = 7 * 86_400_000;
/** What cannot be reached for this much longer is forgotten, so that it does not stand in the way of others; its refs stay. */
const UNREACHABLE_MS = 30 * 86_400_000;
/** Refs of one pass; the next one goes on. */
const REFS_AT_ONCE = 500;

/**
 * Deletes the refs of snapshots that no pending change, baseline, newest tree or recent review needs, then their rows: a crash between the two
 * leaves rows that the next pass finds again. What cannot be reached now stays. Answers how many went.
 */
export async function sweepSnapshots(
  { store, clock, logger }: Pick<TrackerDeps, "store" | "clock" | "logger">,
  tracker: Pick<Tracker, "exclusive" | "checkout">,
): Promise<number> {
  const rows = await store.unneededSnapshots({ before: clock.now() - SNAPSHOT_MS, limit: REFS_AT_ONCE });
  const byWorkspace = Map.groupBy(rows, ({ workspaceId }) => workspaceId);
  let gone = 0;
  for (const [workspaceId, all] of byWorkspace) {
    try {
      gone += await tracker.exclusive([workspaceId], () => sweepOne(workspaceId, all));
    } catch (error) {
      logger.warn({ workspaceId, error }, "old snapshots could not be removed; they are tried again later");
    }
  }
  return gone;

  async function sweepOne(workspaceId: WorkspaceId, all: readonly SnapshotRow[]): Promise<number> {
    const checkout = await tracker.checkout(workspaceId);
    const isOld = ({ time }: SnapshotRow) => time < clock.now() - SNAPSHOT_MS - UNREACHABLE_MS;
    const refs = all.filter((row) => checkout !== undefined || isOld(row)).map(({ ref }) => ref);
    if (checkout !== undefined) await deleteRefs(checkout, refs);
    await store.forgetSnapshots({ refs });
    return refs.length;
  }
}
