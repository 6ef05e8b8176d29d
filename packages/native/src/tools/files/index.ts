/** Files as tools see them: where a path leads, what a file holds, and how it is changed. */
export { type Change, applyChanges, inTurnOn, permitChanges, showChanges } from "./change.ts";
export { listingOf } from "./listing.ts";
export { MAX_FILE_BYTES, hashOf, openRegular, readBytes } from "./open-file.ts";
export { locate, permitReach, type Place } from "./place.ts";
export { plain } from "./plain.ts";
export { refuseStale } from "./seen.ts";
export { alikeNames } from "./suggest.ts";
export { decodeText, encodeLike, encodeText, isBinary } from "./text-form.ts";
