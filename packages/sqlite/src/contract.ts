import type { StatementSync } from "node:sqlite";
import type { Logger } from "@holdfast/kernel";

/** What a statement can be bound to. Reading a stored integer beyond 2^53 throws: keep such numbers as text. */
export type SqlValue = null | number | bigint | string | Uint8Array;

/** One forward-only step of the schema; applied in one transaction and recorded with the sha256 of `sql` (D-33). Versions start at 1 and only grow. */
export type Migration = { version: number; name: string; sql: string };

/** What a command tells the world once its group is committed. Structured-clonable; its meaning belongs to the module. */
export type Note = unknown;

/** What a command sees inside the writer thread. It is valid during the command's call only. */
export type Tx = {
  /** A cached prepared statement. Transaction control and ATTACH are refused: the group owns the transaction. Finish iterators before returning. */
  prepare(sql: string): StatementSync;
  /** Wall clock, ms since the epoch. */
  now(): number;
  /** Goes out after the group's commit, in emission order; dropped when the command fails. */
  emit(note: Note): void;
  /**
   * What commands remember of rows between calls, so that the only writer need not read what it wrote. Emptied whenever anything was undone, and when
   * another connection has written: what stands in it is what the transaction would read. The module bounds and corrects it.
   */
  readonly memory: Map<string, unknown>;
};

/** A command as the coalescing rule sees it. */
export type CommandCall = { name: string; args: unknown };

/** The module the writer and reader threads import, as its default export or as an export named `commandModule`. */
export type CommandModule = {
  migrations: readonly Migration[];
  /** Plain synchronous functions. A HoldfastError is a refusal; anything else that is thrown becomes INTERNAL and is logged. */
  commands: Record<string, (tx: Tx, args: never) => unknown>;
  /** Run in a reader thread, each inside one snapshot. */
  queries?: Record<string, (reader: Reader, args: never) => unknown>;
  /**
   * The args that stand for both calls, when `next` directly follows `previous` in a group and may be merged into it; the merged command
   * keeps the name of `previous` and both callers get its result. When it fails, both run again on their own.
   */
  coalesce?(previous: CommandCall, next: CommandCall): unknown;
  /** Runs once in a transaction of its own after the migrations; its notes go nowhere, as nobody listens yet. */
  opened?(tx: Tx): void;
};

/** Reads on a read-only connection. Never held across an await. */
export type Reader = {
  all<T>(sql: string, params?: readonly SqlValue[]): T[];
  get<T>(sql: string, params?: readonly SqlValue[]): T | undefined;
  /** Runs several reads on one snapshot; nests. `work` must be synchronous: a promise is refused. */
  snapshot<T>(work: () => T): T;
};

export type RunnerOptions = {
  /** Created (mode 700) when missing. The caller holds its lock (`lockDirectory`). */
  directory: string;
  /** Name of the database file in the directory, for example `holdfast.db`. */
  file: string;
  /** Module with a CommandModule; imported by the threads, so it must be loadable by plain Node. */
  module: URL;
  /** Default FULL: what was answered survives power loss. NORMAL gives up the last commits at power loss, OFF also the file's integrity. */
  synchronous?: "FULL" | "NORMAL" | "OFF";
  /** Bytes; applies to a new database only. */
  pageSize?: number;
  logger?: Logger;
  /** Fault plan for the writer thread (kernel `planFault`). */
  faults?: string;
  /** Opens on a network file system all the same. */
  force?: boolean;
  /** Size of the reserve file, 16 MiB by default; 0 keeps none (D-34). */
  diskReserveBytes?: number;
};

/** One database with its writer thread, its reader thread and a reading connection of the calling thread. */
export type Runner = {
  /**
   * Runs a command in the writer thread. Resolves after the commit of its group (with FULL: after its fsync), in the order of the calls.
   * Rejects with the command's HoldfastError, STORAGE_UNAVAILABLE, SHUTTING_DOWN or INTERNAL; then nothing of the command is stored.
   * Never settles after a fail-stop.
   */
  run<T>(command: string, args: unknown): Promise<T>;
  /** Notes of each commit, in commit order, before the promises of that commit resolve. Returns the end of the subscription. */
  onNotes(listener: (notes: Note[]) => void): () => void;
  /** Fail-stop (D-34): what is stored is no longer known here. Called once, at once when it already happened. Without a listener the error is thrown. */
  onFatal(listener: (error: Error) => void): void;
  reader: Reader;
  /** Runs `queries[name]` in the reader thread, started on first use. Rejects with STORAGE_UNAVAILABLE at its deadline (default 60 s). */
  query<T>(name: string, args: unknown, options?: { deadlineMs?: number }): Promise<T>;
  /** Accepted and not yet settled. */
  pending(): { commands: number; bytes: number };
  /** Commits so far, and the commands they made durable. */
  stats(): { groups: number; commands: number };
  /** Moves the whole log into the database file and truncates it, as far as readers allow. Pages of the log, and those of them already moved. */
  checkpoint(): Promise<{ busy: boolean; log: number; checkpointed: number }>;
  /** Writes a consistent copy, synced and then renamed into place; an existing file at `path` is replaced. */
  copyTo(path: string): Promise<void>;
  /** Gives the reserve file's bytes back to the disk, so that running work can be finished; false when there was none. */
  releaseReserve(): boolean;
  /** Refuses new work with SHUTTING_DOWN, finishes what was accepted, truncates the log, ends the threads. Idempotent. */
  close(): Promise<void>;
};
