/** What other suites use of the torture: the recorder's files, the ledger of what they acknowledge, and the oracle. */
export { Ledger } from "./ledger.ts";
export { compareAtRest, judge, type Picture, type SessionPicture } from "./oracle.ts";
export { decodeRecords, type Exchange, readRecords } from "./record-log.ts";
export { type Address, takePicture } from "./take-picture.ts";
