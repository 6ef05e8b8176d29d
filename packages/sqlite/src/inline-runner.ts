import { copyFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { type Clock, errorText, HoldfastError, type Logger, silentLogger } from "@holdfast/kernel";
import type { CommandModule, Note, Runner } from "./contract.ts";
import { GroupWriter } from "./group-writer.ts";
import { migrate } from "./migrate.ts";
import { readerOn } from "./reader.ts";
import { databaseRefusal } from "./sqlite-error.ts";
import { type Command, fromWire, type WireError } from "./wire.ts";
import { shuttingDown } from "./writer-client.ts";

export type InlineRunnerOptions = {
  /** The database's file; its directory exists. */
  directory: string;
  file: string;
  module: CommandModule;
  clock: Clock;
  logger?: Logger;
};

/**
 * A runner without threads: each command is a group of its own on the calling thread, committed when `run` returns its promise, at the time of the given
 * clock. What it commits survives a death of the program and no loss of power. For simulations, which step a program by hand; a server would stand
 * still while it writes.
 */
export function openInlineRunner(options: InlineRunnerOptions): Runner {
  const { directory, file, module, clock, logger = silentLogger } = options;
  const path = `${directory}/${file}`;
  const database = openConnection(path);
  const writer = writerOn(database, options, logger);
  const reader = readerOn(database);
  const listeners = new Set<(notes: Note[]) => void>();
  const stats = { groups: 0, commands: 0 };
  let isClosed = false;
  let lastId = 0;

  const run = <T>(name: string, args: unknown): Promise<T> => {
    if (isClosed) return Promise.reject(shuttingDown());
    const command: Command = [++lastId, name, structuredClone(args), 0];
    return new Promise((resolve, reject) => {
      writer.execute([command], ({ answers: [, isDone, value], notes, commits, commands }) => {
        stats.groups += commits;
        stats.commands += commands;
        if (notes.length > 0) for (const listener of listeners) listener(notes);
        if (isDone === true) resolve(structuredClone(value) as T);
        else reject(fromWire(value as WireError));
      });
    });
  };

  return {
    run,
    onNotes: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    onFatal: () => undefined,
    reader,
    query: <T>(name: string, args: unknown) =>
      new Promise<T>((resolve, reject) => {
        const query = module.queries?.[name];
        if (query === undefined) throw new Error(`The command module has no query ${name}.`);
        try {
          resolve(structuredClone(reader.snapshot(() => query(reader, args as never))) as T);
        } catch (error) {
          reject(databaseRefusal(error) ?? error);
        }
      }),
    pending: () => ({ commands: 0, bytes: 0 }),
    stats: () => ({ ...stats }),
    checkpoint: () => Promise.resolve({ busy: false, log: 0, checkpointed: 0 }),
    copyTo: (target) => {
      // Between two commands the file is whole: this connection keeps its journal in memory.
      copyFileSync(path, target);
      return Promise.resolve();
    },
    releaseReserve: () => false,
    close: () => {
      if (!isClosed) database.close();
      isClosed = true;
      return Promise.resolve();
    },
  };
}

function openConnection(path: string): DatabaseSync {
  const database = new DatabaseSync(path, {
    enableForeignKeyConstraints: true,
    enableDoubleQuotedStringLiterals: false,
  });
  database.exec("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY");
  return database;
}

function writerOn(
  database: DatabaseSync,
  { directory, file, module, clock }: InlineRunnerOptions,
  logger: Logger,
): GroupWriter {
  try {
    const version = migrate(database, { directory, file }, module.migrations, clock);
    const log = (level: "warn" | "error", fields: Record<string, unknown>, message: string) =>
      logger[level](fields, message);
    const writer = new GroupWriter(database, module, version, clock, log);
    writer.opened();
    return writer;
  } catch (error) {
    database.close();
    if (error instanceof HoldfastError) throw error;
    throw databaseRefusal(error) ?? new Error(`${file} cannot be opened: ${errorText(error)}`, { cause: error });
  }
}
