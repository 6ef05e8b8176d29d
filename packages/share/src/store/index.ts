export { admit, type Admitted, type By, isDue, onlyReads, refNotValid } from "./access.ts";
export { type HourOfUse, hourOf } from "./audit.ts";
export { memoryBlobs, type ShareBlobs } from "./blobs.ts";
export type { Effect, PreparedOp } from "./effect.ts";
export type { NotedEvent, ShareNote } from "./note.ts";
export { commandModule } from "./share-module.ts";
export {
  blobShown,
  hello,
  listRefs,
  listShares,
  readAudit,
  readChanges,
  readComments,
  readMessages,
  readSession,
  redeemed,
  replayAfter,
  type ReplayPage,
  shareOfRef,
  wholeShare,
} from "./queries/index.ts";
export { caveatsOf, findShare, type ShareRow } from "./share-row.ts";
export { openShareStore, SHARE_DATABASE, shareStoreOn, type ShareStore } from "./share-store.ts";
export type { Sql } from "./sql.ts";
