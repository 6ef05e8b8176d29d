export { type ReplayPage, replayAfter } from "./replay.ts";
export {
  blobRows,
  blobShown,
  namesFile,
  readChanges,
  readComments,
  readMessages,
  readSession,
} from "./session.ts";
export { helloOf, listRefs, listShares, readAudit, redeemed, refusedUse } from "./share.ts";
export { shareOfRef, wholeShare } from "./whole.ts";
