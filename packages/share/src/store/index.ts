export { admit, type Admitted, type Asked, type By, dueOf, onlyReads, refNotValid } from "./access.ts";
export { type HourOfUse, hourOf, REFUSED } from "./audit.ts";
export { memoryBlobs, type ShareBlobs } from "./blobs.ts";
export type { Effect, PreparedOp, PreparedRow } from "./effect.ts";
export type { NotedEvent, ShareNote } from "./note.ts";
export { commandModule } from "./share-module.ts";
export {
  blobRows,
  blobShown,
  helloOf,
  listRefs,
  listShares,
  namesFile,
  readAudit,
  readChanges,
  readComments,
  readMessages,
  readSession,
  redeemed,
  refusedUse,
  replayAfter,
  type ReplayPage,
  shareOfRef,
  wholeShare,
} from "./queries/index.ts";
export { caveatsOf, findShare, type ShareRow } from "./share-row.ts";
export { openShareStore, SHARE_DATABASE, shareStoreOn, type ShareStore } from "./share-store.ts";
export { snapshotOf } from "./snapshot.ts";
export type { Sql } from "./sql.ts";
