import type { DatabaseSync, StatementSync } from "node:sqlite";
/**
 * Keeps the write-ahead log bounded (D-26): a passive checkpoint for every 8 MiB it grew, a truncating one with a warning from 64 MB on,
 * when a reader keeps it from being reset. Runs between groups, after their answers.
 */
import { errorText, faultPoint } from "@holdfast/kernel";
import { pragma } from "./connection.ts";
import { FailStop, isFailStop, databaseRefusal } from "./sqlite-error.ts";
import type { WalState } from "./wire.ts";

/** Bytes of growth between two checkpoints: two fsyncs and the page writes are paid once for this much. */
const CHECKPOINT_BYTES = 8_388_608;
/** Groups, and bytes of their arguments, after which the log's size is asked for again. */
const PROBE_GROUPS = 16;
const PROBE_BYTES = 1_048_576;
/** D-26. */
const WAL_LIMIT_BYTES = 64_000_000;
/** ms a truncating checkpoint waits for readers while commands wait for it. */
const TRUNCATE_BUSY_MS = 250;

type Log = (level: "warn", fields: Record<string, unknown>, message: string) => void;

export class WalBound {
  readonly #database: DatabaseSync;
  readonly #pageSize: number;
  readonly #log: Log;
  readonly #onLimit: (walBytes: number, truncated: boolean) => void;
  readonly #probe: StatementSync;
  readonly #busyMs: number;
  /** Log pages at the last checkpoint. */
  #last = 0;
  #groups = 0;
  #bytes = 0;

  /** `onLimit` hears of a log that reached its bound, and whether the truncating checkpoint got through. */
  constructor(database: DatabaseSync, log: Log, onLimit: (walBytes: number, truncated: boolean) => void) {
    this.#database = database;
    this.#log = log;
    this.#onLimit = onLimit;
    this.#pageSize = Number(pragma(database, "page_size"));
    this.#busyMs = Number(pragma(database, "busy_timeout"));
    // NOOP exists since SQLite 3.51; an older one takes it for PASSIVE, which is correct and merely slower.
    this.#probe = database.prepare("PRAGMA wal_checkpoint(NOOP)");
  }

  /** To be called after each group, with the bytes of its arguments. Throws FailStop when a sync failed. */
  afterGroup(bytes: number): void {
    this.#groups += 1;
    this.#bytes += bytes;
    if (this.#groups < PROBE_GROUPS && this.#bytes < PROBE_BYTES) return;
    this.#groups = 0;
    this.#bytes = 0;
    const pages = walState(this.#probe.get()).log;
    if (pages < this.#last) this.#last = 0;
    if ((pages - this.#last) * this.#pageSize < CHECKPOINT_BYTES) return;
    const walBytes = pages * this.#pageSize;
    if (walBytes < WAL_LIMIT_BYTES) {
      this.#last = this.#checkpoint("PASSIVE").log;
      return;
    }
    const state = this.truncate();
    this.#last = state.log;
    this.#onLimit(walBytes, !state.busy);
  }

  /** Moves everything into the database file and truncates the log; `busy` when a reader is in the way. */
  truncate(): WalState {
    this.#database.exec(`PRAGMA busy_timeout = ${TRUNCATE_BUSY_MS}`);
    try {
      return this.#checkpoint("TRUNCATE");
    } finally {
      this.#database.exec(`PRAGMA busy_timeout = ${this.#busyMs}`);
    }
  }

  #checkpoint(mode: "PASSIVE" | "TRUNCATE"): WalState {
    faultPoint("checkpoint.before");
    try {
      const state = walState(this.#database.prepare(`PRAGMA wal_checkpoint(${mode})`).get());
      faultPoint("checkpoint.after");
      return state;
    } catch (error) {
      if (isFailStop(error, "commit")) throw new FailStop("A checkpoint failed on the disk.", error);
      if (databaseRefusal(error) === undefined) throw error;
      this.#log("warn", { error: errorText(error), mode }, "a checkpoint failed and will be tried again");
      return { ...walState(this.#probe.get()), busy: true };
    }
  }
}

function walState(row: Record<string, unknown> | undefined): WalState {
  return {
    busy: row?.["busy"] !== 0,
    log: Math.max(0, Number(row?.["log"] ?? 0)),
    checkpointed: Math.max(0, Number(row?.["checkpointed"] ?? 0)),
  };
}
