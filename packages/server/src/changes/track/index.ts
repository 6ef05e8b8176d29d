import type { TrackerDeps } from "./deps.ts";
import { sweepSnapshots } from "./sweep-snapshots.ts";
import { Tracker as TrackerRoom } from "./tracker.ts";

export type { TurnFiles } from "./turn-files.ts";

export type Tracker = Pick<
  TrackerRoom,
  "before" | "step" | "after" | "dismiss" | "recover" | "refresh" | "exclusive"
> & {
  /** Deletes snapshots that nothing needs any more (W-3); answers how many. */
  sweep(): Promise<number>;
};

/** Follows what changes in workspaces, and who changed it. One for all of them. */
export function createTracker(deps: TrackerDeps): Tracker {
  const tracker = new TrackerRoom(deps);
  return Object.assign(tracker, { sweep: () => sweepSnapshots(deps, tracker) });
}
