import type { Clock, Logger } from "@holdfast/kernel";
import { openRunner, type Runner } from "@holdfast/sqlite";
import { fileBlobs, type ShareBlobs } from "./blobs.ts";
import type { CommandArgs, CommandName, CommandResult } from "./commands/index.ts";
import type { ShareNote } from "./note.ts";
import { readWith, type Sql, storeIdOf } from "./sql.ts";

export const SHARE_DATABASE = "share.db";

export type ShareStore = {
  /** By the clock of the store, which commands use too where it is a runner without threads. */
  readonly clock: Clock;
  readonly blobs: ShareBlobs;
  storeId(): string;
  /** One transaction; resolves when it is durable. Rejects with its refusal. */
  run<N extends CommandName>(name: N, args: CommandArgs<N>): Promise<CommandResult<N>>;
  /** Reads, for one synchronous piece of work on one snapshot. */
  read<T>(work: (sql: Sql) => T): T;
  /** Hears what commands told, in the order of their commits and before their promises resolve. Answers how to stop. */
  onNotes(listener: (notes: readonly ShareNote[]) => void): () => void;
  /** What is stored is no longer known here: the process has to end. */
  onFatal(listener: (error: Error) => void): void;
  /** A consistent copy of the database, written to a path. */
  copyTo(path: string): Promise<void>;
  close(): Promise<void>;
};

/** The store of a directory whose lock the caller holds. */
export async function openShareStore(options: {
  directory: string;
  clock: Clock;
  logger?: Logger;
  faults?: string | undefined;
}): Promise<ShareStore> {
  const { directory, clock, logger, faults } = options;
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const runner = await openRunner({
    directory,
    file: SHARE_DATABASE,
    module: new URL(`./share-module${extension}`, import.meta.url),
    ...(logger === undefined ? {} : { logger }),
    ...(faults === undefined ? {} : { faults }),
  });
  return shareStoreOn(runner, { clock, blobs: fileBlobs(directory) });
}

/** A store on a runner of `commandModule` that somebody else opened; closing the store closes it. */
export function shareStoreOn(
  runner: Runner,
  { clock, blobs }: { clock: Clock; blobs: ShareBlobs },
): ShareStore {
  const sql = readWith(runner.reader);
  return {
    clock,
    blobs,
    storeId: () => storeIdOf(sql),
    run: (name, args) => runner.run(name, args),
    read: (work) => runner.reader.snapshot(() => work(sql)),
    onNotes: (listener) => runner.onNotes((notes) => listener(notes as ShareNote[])),
    onFatal: (listener) => runner.onFatal(listener),
    copyTo: (path) => runner.copyTo(path),
    close: () => runner.close(),
  };
}
