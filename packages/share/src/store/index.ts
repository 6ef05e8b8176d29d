export { admit, type Admitted, type Asked, type By, isDue, onlyReads, refNotValid } from "./access.ts";
export { type HourOfUse, hourOf } from "./audit.ts";
export { memoryBlobs, type ShareBlobs } from "./blobs.ts";
export type { Effect, PreparedOp } from "./effect.ts";
export type { NotedEvent, ShareNote } from "./note.ts";
export { commandModule } from "./share-module.ts";
export { caveatsOf, findShare, type GrantRow, isExpired, type ShareRow, stateOf } from "./share-row.ts";
export { openShareStore, SHARE_DATABASE, shareStoreOn, type ShareStore } from "./share-store.ts";
export type { Sql } from "./sql.ts";
