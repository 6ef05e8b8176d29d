/**
 * The store port: atomic commands and queries over the session model. Nobody outside `store` ever holds a transaction open (architecture);
 * an engine runs each command whole, in one transaction with its events (D-1), and answers after the commit (D-34).
 * Everything is asynchronous, ids are made by the caller, and no type here belongs to an engine.
 * Refusals reject with HoldfastError: NOT_FOUND, CONFLICT, SESSION_BUSY, CLAIM_LOST, IDEMPOTENCY_MISMATCH, ALREADY_REPLIED, RATE_LIMITED,
 * STORAGE_UNAVAILABLE, SHUTTING_DOWN.
 */
import type { AgentTurnCommands } from "./agent-turn-commands.ts";
import type { ChangeCommands, ChangeQueries } from "./change-commands.ts";
import type { Commands } from "./commands.ts";
import type { EditCommands } from "./edit-commands.ts";
import type { OperationCommands, OperationQueries } from "./operation-commands.ts";
import type { CommittedEvent, FeedOrder, Queries } from "./queries.ts";
import type { RefCommands, RefQueries } from "./ref-commands.ts";
import type { ShareCommands, ShareQueries } from "./share-commands.ts";
import type { SteerCommands } from "./steer-commands.ts";
import type { WorktreeCommands, WorktreeQueries } from "./worktree-commands.ts";

export type * from "./agent-turn-commands.ts";
export type * from "./change-commands.ts";
export type * from "./commands.ts";
export type * from "./edit-commands.ts";
export type * from "./queries.ts";
export type * from "./operation-commands.ts";
export type * from "./ref-commands.ts";
export type * from "./share-commands.ts";
export type * from "./steer-commands.ts";
export type * from "./worktree-commands.ts";
export type { Applied, IdempotencyKey, RefUse, Written } from "./written.ts";

/** Every write of the port by its name. An engine keeps one table of functions that is typed against this. */
export type StoreCommands = Commands &
  EditCommands &
  SteerCommands &
  AgentTurnCommands &
  WorktreeCommands &
  OperationCommands &
  ChangeCommands &
  RefCommands &
  ShareCommands;

export type Store = StoreCommands &
  Queries &
  WorktreeQueries &
  OperationQueries &
  ChangeQueries &
  RefQueries &
  ShareQueries & {
    /** New after a restore (D-23). */
    readonly storeId: string;
    readonly feedOrder: FeedOrder;
    /** Committed events in commit order, called before the promise of the command that made them resolves. Returns the way to stop. */
    onCommit(listener: (events: CommittedEvent[]) => void): () => void;
    /** The engine broke and answers nothing more (D-34): the program must exit non-zero. */
    onFatal(listener: (error: Error) => void): void;
    /** Bytes accepted and not yet committed (D-34). */
    pendingBytes(): number;
    /** Commits and commands so far, for benches. */
    stats(): { groups: number; commands: number };
    close(): Promise<void>;
  };
