import { stat } from "node:fs/promises";
import { join } from "node:path";
import { systemClock, type Clock, type Logger } from "@holdfast/kernel";
import type { Diagnostics, InstanceId } from "@holdfast/protocol";
import { openRunner, type Runner } from "@holdfast/sqlite";
import type { CommittedEvent, Store, StoreCommands } from "../port.ts";
import { BlobFiles, hashOf, INLINE_BLOB_BYTES } from "./blob-files.ts";
import { type PortCommands, PORT_COMMANDS } from "./commands/index.ts";
import { feedOrder } from "./feed-order.ts";
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
  return sqliteStoreOn(runner, { directory, clock: options.clock ?? systemClock });
}

/** The engine on a runner of `commandModule` that somebody else opened; closing the store closes it. `directory` holds the files of large contents. */
export const sqliteStoreOn = (
  runner: Runner,
  { directory, clock }: { directory: string; clock: Clock },
): Store & { readonly runner: Runner } =>
  new SqliteStore(runner, new BlobFiles(directory), clock, directory).store();

class SqliteStore {
  readonly #runner: Runner;
  readonly #blobs: BlobFiles;
  readonly #clock: Clock;
  readonly #directory: string;
  readonly #send: ReturnType<typeof runWithReserve>;

  constructor(runner: Runner, blobs: BlobFiles, clock: Clock, directory: string) {
    this.#directory = directory;
    this.#runner = runner;
    this.#send = runWithReserve(runner);
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
      feedOrder,
      runner,
      onCommit: (listener) => runner.onNotes((notes) => listener(notes as CommittedEvent[])),
      onFatal: (listener) => runner.onFatal(listener),
      pendingBytes: () => runner.pending().bytes,
      stats: () => runner.stats(),
      close: () => runner.close(),
    };
  }

  /** Every command of the port that is one call of the writer. The table has the port's types, so each call answers what its name promises. */
  #commands(): Pick<StoreCommands, keyof PortCommands> {
    const names = Object.keys(PORT_COMMANDS) as (keyof PortCommands)[];
    const calls = names.map((name) => [name, (args: never) => this.#send(name, args)]);
    return Object.fromEntries(calls) as Pick<StoreCommands, keyof PortCommands>;
  }

  async #putBlob(command: Parameters<Store["putBlob"]>[0]): Promise<{ hash: string; size: number }> {
    const { bytes, mime, sessionId } = command;
    const hash = hashOf(bytes);
    const size = bytes.byteLength;
    const inline = size <= INLINE_BLOB_BYTES;
    await this.#blobs.exclusively(async () => {
      if (!inline) await this.#blobs.put(hash, bytes);
      await this.#send("recordBlob", { hash, size, bytes: inline ? bytes : null, mime, sessionId });
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
    const rows = await this.#send("sweepHousekeeping", { limit });
    const files = await this.#blobs.exclusively(async () => {
      const dropped = await this.#send("dropUnusedBlobs", { limit });
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
