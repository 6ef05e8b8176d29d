import { stat } from "node:fs/promises";
import { join } from "node:path";
import { systemClock, type Clock, type Logger } from "@holdfast/kernel";
import type { Diagnostics, InstanceId } from "@holdfast/protocol";
import { openRunner, type Runner } from "@holdfast/sqlite";
import type { CommittedEvent, Store } from "../port.ts";
import { BlobFiles, hashOf, INLINE_BLOB_BYTES } from "./blob-files.ts";
import type { CommandArgs, CommandName } from "./command-module.ts";
import type { DroppedBlobs } from "./commands/index.ts";
import { runWithReserve } from "./full-disk.ts";
import { sqliteQueries, type inspect } from "./queries/index.ts";
import { readWith } from "./sql.ts";

export type SqliteStoreOptions = {
  /** The data directory; its lock is the caller's business (`lockDirectory`). */
  directory: string;
  synchronous?: "FULL" | "NORMAL" | "OFF";
  logger?: Logger;
  clock?: Clock;
  /** Fault plan of the writer thread (kernel `planFault`). */
  faults?: string;
  /** Opens on a network file system all the same (D-34). */
  force?: boolean;
};

export const DATABASE_FILE = "holdfast.db";

/** The embedded engine: one writer thread, point and page reads on the calling thread, long reads in a reader thread (D-34). */
export async function openSqliteStore(
  options: SqliteStoreOptions,
): Promise<Store & { readonly runner: Runner }> {
  const { directory, logger, synchronous, faults, force } = options;
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const runner = await openRunner({
    directory,
    file: DATABASE_FILE,
    module: new URL(`./command-module${extension}`, import.meta.url),
    ...(logger === undefined ? {} : { logger }),
    ...(synchronous === undefined ? {} : { synchronous }),
    ...(faults === undefined ? {} : { faults }),
    ...(force === undefined ? {} : { force }),
  });
  return new SqliteStore(runner, new BlobFiles(directory), options.clock ?? systemClock, directory).store();
}

type Named = { [N in CommandName]: (args: CommandArgs<N>) => Promise<never> };

class SqliteStore {
  readonly #runner: Runner;
  readonly #blobs: BlobFiles;
  readonly #clock: Clock;
  readonly #directory: string;

  constructor(runner: Runner, blobs: BlobFiles, clock: Clock, directory: string) {
    this.#directory = directory;
    this.#runner = runner;
    this.#blobs = blobs;
    this.#clock = clock;
  }

  store(): Store & { readonly runner: Runner } {
    const runner = this.#runner;
    const sql = readWith(runner.reader);
    const id = sql.get<{ value: string }>("SELECT value FROM meta WHERE key = 'store_id'");
    if (id === undefined) throw new Error("The store has no id; its first transaction did not run.");
    return {
      ...this.#commands(),
      ...sqliteQueries(runner.reader),
      putBlob: (command) => this.#putBlob(command),
      getBlob: (query) => this.#getBlob(query),
      sweepHousekeeping: (command) => this.#sweep(command.limit),
      unneededSnapshots: (query) => runner.query("unneededSnapshots", { ...query, now: this.#clock.now() }),
      inspect: (query) => this.#inspect(query?.live),
      storeId: id.value,
      runner,
      onCommit: (listener) => runner.onNotes((notes) => listener(notes as CommittedEvent[])),
      onFatal: (listener) => runner.onFatal(listener),
      pendingBytes: () => runner.pending().bytes,
      stats: () => runner.stats(),
      close: () => runner.close(),
    };
  }

  /** Every command of the port that is one call of the writer. */
  #commands(): Omit<Store, keyof ReturnType<typeof sqliteQueries> | Local> {
    const send = runWithReserve(this.#runner);
    const run =
      <N extends CommandName>(name: N): Named[N] =>
      (args) =>
        send<never>(name, args);
    return {
      createSession: run("createSession"),
      patchSession: run("patchSession"),
      patchProject: run("patchProject"),
      patchWorkspace: run("patchWorkspace"),
      beginWorktree: run("beginWorktree"),
      patchWorktree: run("patchWorktree"),
      dropWorktree: run("dropWorktree"),
      recordWorktreeAudit: run("recordWorktreeAudit"),
      beginOperation: run("beginOperation"),
      advanceOperation: run("advanceOperation"),
      endOperation: run("endOperation"),
      recordChanges: run("recordChanges"),
      commitReview: run("commitReview"),
      markReviewed: run("markReviewed"),
      takeNotes: run("takeNotes"),
      forgetSnapshots: run("forgetSnapshots"),
      deleteSession: run("deleteSession"),
      admitInput: run("admitInput"),
      editInput: run("editInput"),
      removeInput: run("removeInput"),
      reorderInputs: run("reorderInputs"),
      resumeQueue: run("resumeQueue"),
      pauseQueue: run("pauseQueue"),
      startTurn: run("startTurn"),
      setWaiting: run("setWaiting"),
      appendProgress: run("appendProgress"),
      beginFinalize: run("beginFinalize"),
      finalizeTurn: run("finalizeTurn"),
      cancelTurn: run("cancelTurn"),
      takeOver: run("takeOver"),
      askPermission: run("askPermission"),
      replyPermission: run("replyPermission"),
      expirePermission: run("expirePermission"),
      revokePermissionRule: run("revokePermissionRule"),
      updateMessage: run("updateMessage"),
      removeMessage: run("removeMessage"),
      updatePart: run("updatePart"),
      removePart: run("removePart"),
      updateAgentSession: run("updateAgentSession"),
      closeDeadAgentSessions: run("closeDeadAgentSessions"),
      registerInstance: run("registerInstance"),
      heartbeat: run("heartbeat"),
      endInstance: run("endInstance"),
      recordLaunch: run("recordLaunch"),
      recordSpawn: run("recordSpawn"),
      recordExit: run("recordExit"),
      putBrowserToken: run("putBrowserToken"),
      touchBrowserToken: run("touchBrowserToken"),
      revokeBrowserTokens: run("revokeBrowserTokens"),
      putAgentFacts: run("putAgentFacts"),
    };
  }

  async #putBlob(command: Parameters<Store["putBlob"]>[0]): Promise<{ hash: string; size: number }> {
    const { bytes, mime, sessionId } = command;
    const hash = hashOf(bytes);
    const size = bytes.byteLength;
    const inline = size <= INLINE_BLOB_BYTES;
    await this.#blobs.exclusively(async () => {
      if (!inline) await this.#blobs.put(hash, bytes);
      await this.#runner.run("recordBlob", { hash, size, bytes: inline ? bytes : null, mime, sessionId });
    });
    return { hash, size };
  }

  async #getBlob(query: Parameters<Store["getBlob"]>[0]): ReturnType<Store["getBlob"]> {
    const row = this.#runner.reader.get<{ bytes: Uint8Array | null; mime: string }>(
      `SELECT b.bytes, r.mime FROM blob b JOIN blob_reference r ON r.blob = b.rid JOIN session s ON s.rid = r.session
       WHERE b.hash = ? AND s.id = ?`,
      [query.hash, query.sessionId],
    );
    if (row === undefined) return undefined;
    return { bytes: row.bytes ?? (await this.#blobs.read(query.hash)), mime: row.mime };
  }

  async #sweep(limit: number): Promise<number> {
    const rows = await this.#runner.run<number>("sweepHousekeeping", { limit });
    const files = await this.#blobs.exclusively(async () => {
      const dropped = await this.#runner.run<DroppedBlobs>("dropUnusedBlobs", { limit });
      for (const hash of dropped.files) await this.#blobs.remove(hash);
      const orphans = await this.#blobs.removeOrphans(this.#clock.now(), (hash) => this.#isKnownBlob(hash));
      return dropped.rows + orphans;
    });
    return rows + files;
  }

  #isKnownBlob(hash: string): boolean {
    return (
      this.#runner.reader.get("SELECT 1 FROM blob WHERE hash = ? AND bytes IS NULL", [hash]) !== undefined
    );
  }

  async #inspect(live: InstanceId | undefined): Promise<Diagnostics> {
    const found = await this.#runner.query<ReturnType<typeof inspect>>("inspect", {});
    const { liveTurns, ...facts } = found;
    const wal = await stat(join(this.#directory, `${DATABASE_FILE}-wal`)).catch(() => undefined);
    const processes = await sqliteQueries(this.#runner.reader).openProcesses();
    return {
      ...facts,
      sizes: { ...facts.sizes, walBytes: wal?.size ?? 0 },
      stuckTurns: liveTurns
        .filter(({ instance }) => instance === null)
        .map(({ id }) => `${id}: nobody owns it`),
      leftoverProcesses: processes
        .filter((row) => row.instanceId !== live)
        .map((row) => `${row.agent} ${row.launchId} pid ${row.pid ?? "unknown"}`),
    };
  }
}

type Local =
  | "putBlob"
  | "getBlob"
  | "sweepHousekeeping"
  | "unneededSnapshots"
  | "inspect"
  | "storeId"
  | "onCommit"
  | "onFatal"
  | "pendingBytes"
  | "stats"
  | "close";
