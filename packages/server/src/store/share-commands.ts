/** The writes and reads of the store port that concern shares and their outbox (S-2 to S-6). See `port.ts`. */
import type {
  Actor,
  Caveats,
  Change,
  MessageInfo,
  Model,
  Omission,
  OperationType,
  Part,
  PublisherId,
  RefId,
  Right,
  Session,
  SessionId,
  Share,
  ShareId,
  ShareKey,
  ShareOperation,
  ShareState,
  StreamId,
  BatchId,
  Usage,
} from "@holdfast/protocol";
import type { Applied, Written } from "./written.ts";

/** A grant that the publisher chose and holds: its secret stands in clear in this store alone (S-2). */
export type HeldRef = { refId: RefId; secret: string };
/** A grant whose secret somebody else has: it was shown once (S-13). */
export type HashedRef = { refId: RefId; secretHash: string };

/** The stream that a share is written to. `begun`: the service has told so; `committed`: readers see it. */
export type ShareStream = {
  id: StreamId;
  begun: boolean;
  committed: boolean;
  /** Seq and chain up to which everything was acknowledged (S-6). */
  cursor: number;
  chain: string;
};

/** A failure as a person may read it: a code and our own words, never the peer's (S-21). `since`: the first of the tries in a row that failed. */
export type SendError = { code: string; message: string; time: number; since?: number | undefined };

export type StoredShare = {
  id: ShareId;
  /** The session it is of, whether that is still there or not. */
  sessionId: SessionId;
  title: string;
  service: string;
  state: ShareState;
  owner: HeldRef;
  append: HeldRef;
  /** The read link that was made with it. */
  link: HeldRef;
  includes: { files: boolean; others: boolean };
  expiresAt?: number | undefined;
  /** Who sends for it now: what a former sender still writes is refused with CLAIM_LOST. */
  claim: number;
  /** A person, or a restore, lets the next writer take over from whoever holds the share (S-23). */
  adopt: boolean;
  /** Of the service, as it was told last (S-24). */
  storeId?: string | undefined;
  capabilityEpoch: number;
  stream?: ShareStream | undefined;
  /** Where the marking of all keys goes on; absent once all are marked. */
  paging?: string | undefined;
  /** Begins of resyncs in the last day, without the first publish (S-33). */
  resyncs: number[];
  attempts: number;
  nextRetryAt?: number | undefined;
  lastError?: SendError | undefined;
  createdBy: Actor;
  time: { created: number };
};

/** What is asked of the service about the share itself, in order, before its operations: kept for a year, so that a restored service is told again (S-24). */
export type ShareTask =
  | { kind: "create"; owner: HeldRef; append: HeldRef }
  | MintTask
  | { kind: "revokeRef"; refId: RefId; reason?: string | undefined }
  | { kind: "update"; title?: string | undefined; expiresAt?: number | null | undefined }
  | { kind: "bump"; from: number; owner: HeldRef; append: HeldRef; withKey?: boolean | undefined };

/** A ref below the owner's. */
export type MintTask = {
  kind: "mint";
  ref: HeldRef | HashedRef;
  rights: Right[];
  caveats: Caveats;
  label: string;
  /** Who asked for it when; absent: it came with the share. */
  asked?: { by: Actor; at: number } | undefined;
};

/** `number` grows with the order in which tasks were asked for. */
export type StoredTask = { number: number; state: "pending" | "done" | "failed"; task: ShareTask };

/** `failed`: its content was frozen again in another batch, or its stream was left. */
export type ShareBatchState = "pending" | "in_flight" | "acked" | "failed";

/** A batch without what it carries (S-21). */
export type ShareBatch = {
  id: BatchId;
  stream: StreamId;
  state: ShareBatchState;
  firstSeq: number;
  lastSeq: number;
  /** The chain before its first and after its last operation. */
  previousChain: string;
  chain: string;
  attempts: number;
  nextRetryAt?: number | undefined;
  lastError?: SendError | undefined;
  time: { frozen: number; ended?: number | undefined };
};

/** What the sender remembers of a row as the service has it (S-26): enough to tell growth from change, never the text. */
export type SentForm = {
  /** Hash of the whole payload. */
  hash: string;
  /** Hash of the payload without the texts that grow. */
  rest?: string | undefined;
  /** Length and hash of each text that grows, as published. */
  texts?: Record<string, { length: number; hash: string }> | undefined;
  /** The message of a part. */
  parent?: string | undefined;
  /** The service shows the row as omitted. */
  omitted?: Omission | undefined;
};

/** An operation as it is frozen, with what is true of its key once it is acknowledged: absent for a removal. */
export type FrozenOperation = { operation: ShareOperation; sent?: SentForm | undefined };

/** A key that has changed since it was frozen last, with the version of the mark. */
export type ShareMark = { key: ShareKey; version: number };

/** The row of a key as it is now; no row: it is gone, or not to be seen yet. */
export type SourceRow =
  | { key: ShareKey; row: "session"; session: Session }
  | { key: ShareKey; row: "models"; models: Model[] }
  | { key: ShareKey; row: "usage"; usage: Usage }
  | { key: ShareKey; row: "message"; message: MessageInfo }
  | { key: ShareKey; row: "part"; part: Part; message: MessageInfo }
  | { key: ShareKey; row: "change"; change: Change }
  | { key: ShareKey; row: "none" };

/** A value that was masked once in a share, and its number, which never changes (S-17, S-26). As secret as the share's secrets. */
export type ShareMask = { number: number; kind: string; value: string };

/** Whose write it is: refused with CLAIM_LOST once another sender has the share. */
export type ShareClaim = { shareId: ShareId; claim: number };

/** What waits to be frozen, read in one snapshot. `sent` by key. */
export type ShareSource = {
  marks: ShareMark[];
  rows: SourceRow[];
  sent: Record<string, SentForm>;
  masks: ShareMask[];
  /** Hashes of the blobs that are stored here or on the service. */
  blobs: string[];
  /** Keys that the service has refused, or whose blob it has: they are omitted at the next freeze. */
  withheld: Record<string, Omission>;
};

/** All that decides the sender's next step, read in one snapshot. */
export type ShareHead = {
  share: StoredShare;
  task?: StoredTask | undefined;
  /** Bumps of the epoch that wait behind it: what it grants does not matter then. */
  laterBumps: number;
  /** The one batch that is frozen and not ended. */
  batch?: ShareBatch | undefined;
  /** The next blob that has to be there before the batch. */
  blob?: { hash: string } | undefined;
  /** Keys that are marked, those of a batch at most. */
  waiting: number;
  /** Marks that the first publish or a resync has still to send before readers may see it, those of a batch at most. */
  unsent: number;
};

/** What a sender or a person changes of a share; `null` takes away. */
export type ShareChange = {
  state?: ShareState | undefined;
  adopt?: boolean | undefined;
  storeId?: string | undefined;
  capabilityEpoch?: number | undefined;
  attempts?: number | undefined;
  nextRetryAt?: number | null | undefined;
  lastError?: SendError | null | undefined;
  title?: string | undefined;
  expiresAt?: number | null | undefined;
  /** Of the present stream. */
  begun?: true | undefined;
  committed?: true | undefined;
  /** A read link that takes the place of the first. */
  link?: HeldRef | undefined;
};

export type ShareCommands = {
  /** Stores the share, its secrets and its first tasks, before anybody is told (S-2). NOT_FOUND without the session. */
  createShare(
    command: Written & {
      share: Pick<
        StoredShare,
        "id" | "sessionId" | "title" | "service" | "owner" | "append" | "link" | "includes" | "expiresAt"
      >;
      tasks: ShareTask[];
    },
  ): Promise<Applied<Share>>;
  /**
   * What a person does with it. `from`: the states in which it may be done; CONFLICT in others. To `revoking` drops all that waits; `live` is `creating`
   * while the service was not told of it. Tasks are appended in the same transaction.
   */
  changeShare(
    command: Written & {
      shareId: ShareId;
      change: ShareChange;
      from?: readonly ShareState[];
      tasks?: ShareTask[];
    },
  ): Promise<Applied<Share>>;
  /** Makes the caller the only sender, with a new nonce (S-23); a batch in flight is pending again, with the same bytes (S-5). */
  claimShare(command: { shareId: ShareId; nonce: string }): Promise<{ claim: number; earlier: string[] }>;
  /** What a sender writes down of itself. */
  settleShare(command: ShareClaim & { change: ShareChange }): Promise<void>;
  /** Ends a task; a bump that is done replaces the held grants and raises the epoch. */
  endShareTask(
    command: ShareClaim & { number: number; state: "done" | "failed"; error?: SendError },
  ): Promise<void>;
  /**
   * What was asked of the service waits again, from the first: it may have forgotten it (S-24). With a new `storeId`, shares of the same service that were
   * revoked are revoked again.
   */
  repeatShareTasks(command: ShareClaim & { storeId?: string | undefined }): Promise<void>;
  /** A new stream: the batch is given up, nothing counts as sent, and all keys are marked again by pages (S-6). A resync is counted (S-33). */
  beginShareStream(command: ShareClaim & { stream: StreamId; isResync: boolean }): Promise<void>;
  /** Marks the next page of keys (S-3). */
  pageShare(command: ShareClaim & { limit: number }): Promise<void>;
  /**
   * Writes the batch and clears the marks at the versions that were read (S-20). Without operations it only clears. New masks mark all that was sent again
   * (S-26).
   */
  freezeShareBatch(
    command: ShareClaim & {
      marks: ShareMark[];
      batch?: { id: BatchId; stream: StreamId; chain: string; operations: FrozenOperation[] } | undefined;
      masks: ShareMask[];
      blobs: { hash: string; mime: string; bytes: Uint8Array }[];
    },
  ): Promise<void>;
  /** The batch goes out: counted before it is sent (S-21). */
  startShareBatch(command: ShareClaim & { batchId: BatchId }): Promise<void>;
  /** Nobody knows, or not now: the same bytes again later (S-6). */
  retryShareBatch(
    command: ShareClaim & { batchId: BatchId; nextRetryAt: number; error: SendError },
  ): Promise<void>;
  /** Cursor, chain and what is sent, in one transaction; the payloads go (S-21). */
  ackShareBatch(
    command: ShareClaim & { batchId: BatchId; chain: string; rejected: string[]; time: number },
  ): Promise<void>;
  /** The service refused the whole batch and has nothing of it: its keys are marked again; those of `omit` are sent as omitted (S-7, S-30). */
  dropShareBatch(
    command: ShareClaim & {
      batchId: BatchId;
      error: SendError;
      omit: { key: ShareKey; reason: Omission }[];
    },
  ): Promise<void>;
  /** The service has it, or says that it lacks it after all. A blob whose bytes are gone here is forgotten, so that the next freeze stores it again. */
  settleShareBlob(command: ShareClaim & { hash: string; uploaded: boolean }): Promise<void>;
};

export type ShareQueries = {
  getShare(id: ShareId): Promise<Share | undefined>;
  /** Newest first; of one session, or all. */
  listShares(query: { sessionId?: SessionId | undefined; limit: number }): Promise<Share[]>;
  /** With its secrets: for whoever speaks to the service. */
  storedShare(id: ShareId): Promise<StoredShare | undefined>;
  /** Shares that a sender has still something to do for. */
  openShares(): Promise<ShareId[]>;
  shareHead(id: ShareId): Promise<ShareHead | undefined>;
  /** Marks in their order with the parents they need, and the rows behind them. */
  shareSource(query: { shareId: ShareId; limit: number }): Promise<ShareSource | undefined>;
  /** The operations of the frozen batch, as they were written. */
  shareBatch(query: { shareId: ShareId; batchId: BatchId }): Promise<ShareOperation[]>;
  shareBlob(query: { shareId: ShareId; hash: string }): Promise<Uint8Array | undefined>;
  /** Newest first; at most the last 100 that have ended (S-21). */
  listShareBatches(id: ShareId): Promise<ShareBatch[]>;
  listShareTasks(id: ShareId): Promise<StoredTask[]>;
  /** The share below whose owner this store had a ref made, as long as it knows of that. */
  shareOfRef(refId: RefId): Promise<ShareId | undefined>;
  /** The publisher of this data directory (S-8). */
  publisherId(): Promise<PublisherId>;
};

/** Types whose operation says a row whole. */
export type WholeType = Exclude<
  OperationType,
  "message.part.delta" | "message.removed" | "message.part.removed" | "change.removed" | "omitted"
>;
