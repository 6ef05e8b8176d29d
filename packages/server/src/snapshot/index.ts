export { walkDisk } from "./disk.ts";
export { createSnapshots, type Snapshots } from "./snapshots.ts";
export {
  type DiskEntry,
  FILE_BYTES,
  isSnapshotRefused,
  type Snapshot,
  SNAPSHOT_BYTES,
  SNAPSHOT_FILES,
  type SnapshotLimits,
  type Unheld,
  type Watched,
  WHOLE_FILE_BYTES,
} from "./snapshot.ts";
