export { eventCode, eventRow, eventType } from "./event-code.ts";
export { encodeEvent } from "./event-data.ts";
export { joinDeltas } from "./join-deltas.ts";
export { patchedServers, secretsOf, shownServers } from "./mcp-servers.ts";
export { refuseOwnFields } from "./own-fields.ts";
export {
  type DeltaRow,
  deltaField,
  deltaOffset,
  fieldCode,
  fieldLengths,
  foldDeltas,
  isOpen,
  packDelta,
  partData,
} from "./part-growth.ts";
export { type Activity, attentionAfter, movesSession, sessionStatus, statusData } from "./session-status.ts";
export { suspendedBy } from "./suspension.ts";
export { cancelled, isWorked, settled } from "./turn-end.ts";
export { mayBecome } from "./worktree-state.ts";
export { KEEPS_BYTES } from "./keeps-bytes.ts";
export { refEnd, refExpiry, type RefFacts, refNotValid } from "./ref-state.ts";
export { RETENTION } from "./retention.ts";
export { summaryOf } from "./turn-summary.ts";
export { readOnly } from "./read-only.ts";
