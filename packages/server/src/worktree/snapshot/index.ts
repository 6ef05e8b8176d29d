export { createSnapshots, type Snapshots, type SnapshotsDeps } from "./snapshots.ts";
export type { WatchRequest } from "./watch.ts";
export type { Manifest } from "./manifest.ts";
export {
  FILE_BYTES,
  isSnapshotRefused,
  type RawFile,
  type Snapshot,
  SNAPSHOT_BYTES,
  SNAPSHOT_FILES,
  type SnapshotLimits,
  SnapshotRefused,
  type Watched,
} from "./snapshot.ts";
