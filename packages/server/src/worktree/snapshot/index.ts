export { createSnapshots, type Snapshots } from "./snapshots.ts";
export {
  FILE_BYTES,
  isSnapshotRefused,
  type Snapshot,
  SNAPSHOT_BYTES,
  SNAPSHOT_FILES,
  type SnapshotLimits,
  type Watched,
} from "./snapshot.ts";
