export { type ReplayPage, replayAfter } from "./replay.ts";
export { blobShown, readChanges, readComments, readMessages, readSession } from "./session.ts";
export { hello, listRefs, listShares, readAudit, redeemed } from "./share.ts";
export { shareOfRef, wholeShare } from "./whole.ts";
