import type { ShareCommands, ShareQueries } from "../store/index.ts";

/** What the outbox asks of the store. */
export type OutboxStore = Pick<
  ShareCommands,
  | "claimShare"
  | "settleShare"
  | "endShareTask"
  | "repeatShareTasks"
  | "beginShareStream"
  | "pageShare"
  | "freezeShareBatch"
  | "startShareBatch"
  | "retryShareBatch"
  | "ackShareBatch"
  | "dropShareBatch"
  | "settleShareBlob"
> &
  Pick<
    ShareQueries,
    "openShares" | "shareHead" | "shareSource" | "shareBatch" | "shareBlob" | "storedShare" | "publisherId"
  >;
