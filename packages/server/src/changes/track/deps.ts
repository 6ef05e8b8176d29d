import type { Clock, Logger } from "@holdfast/kernel";
import type { Actor, Session, Turn, TurnId, Workspace, Worktree } from "@holdfast/protocol";
import type { Snapshot, Snapshots, Watched } from "../../snapshot/index.ts";
import type { Store } from "../../store/index.ts";

export type TrackerStore = Pick<
  Store,
  | "getWorkspace"
  | "getProject"
  | "worktreeOf"
  | "getSession"
  | "getTurn"
  | "getTracking"
  | "listChanges"
  | "recordChanges"
  | "turnSnapshots"
  | "unneededSnapshots"
  | "forgetSnapshots"
>;

export type TrackerDeps = {
  store: TrackerStore;
  snapshots: Snapshots;
  clock: Clock;
  logger: Logger;
  /** False when the server's configuration says so: nothing is watched. */
  isOn: boolean;
};

/** Who moves rows when nobody asked for it (D-36). */
export const TRACKER_ACTOR: Actor = { id: "system:changes", kind: "system", label: "Holdfast" };

/** What is known of a turn when it begins; the store's own shape has it all. */
export type TrackedTurn = { session: Session; turn: Turn };

/** A workspace whose files are watched. */
export type WatchedWorkspace = { workspace: Workspace; worktree: Worktree | undefined; watched: Watched };

/** A snapshot with what a row of it needs. */
export type Taken = Snapshot & { ref: string; time: number };

/** A turn between its two snapshots, in this process. */
export type Working = {
  turnId: TurnId;
  agent: string;
  session: Session;
  before: Taken;
  touched(): readonly string[];
};
