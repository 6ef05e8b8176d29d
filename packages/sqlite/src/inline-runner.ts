import { DatabaseSync } from "node:sqlite";
import { type Clock, type Logger, silentLogger } from "@holdfast/kernel";
import type { CommandModule, Note, Runner } from "./contract.ts";
import { GroupWriter } from "./group-writer.ts";
import { migrate } from "./migrate.ts";
import { copyDatabase } from "./migration-copy.ts";
import { readerOn } from "./reader.ts";
import { databaseRefusal } from "./sqlite-error.ts";
import { type Command, fromWire, type WireError } from "./wire.ts";
import { shuttingDown } from "./writer-client.ts";

/** What refusals call a database that has no file. */
const NAME = "a database in memory";

export type InlineRunnerOptions = {
  module: CommandModule;
  /** What commands take the time from. */
  clock: Clock;
  /** A database as `bytes` gave it; absent: an empty one. */
  from?: Uint8Array;
  logger?: Logger;
};

/** A runner that gives its whole database out. */
export type InlineRunner = Runner & { bytes(): Uint8Array };

/**
 * A database in memory that runs its commands on the calling thread, by the given clock: migrations, transactions, refusals and notes are those of
 * `openRunner`, without its threads and its file. Each command is a group of its own, committed when `run` returns its promise. For simulations, which step
 * a program by hand and need thousands of databases; a server would stand still while it writes, and lose everything with its process.
 */
export function openInlineRunner(options: InlineRunnerOptions): InlineRunner {
  const { module, logger = silentLogger } = options;
  const database = openInMemory(options.from);
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
        if (notes.length > 0) for (const listener of listeners) listener(structuredClone(notes));
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
    query: async <T>(name: string, args: unknown) => {
      const query = module.queries?.[name];
      if (query === undefined) throw new Error(`The command module has no query ${name}.`);
      try {
        return structuredClone(reader.snapshot(() => query(reader, args as never))) as T;
      } catch (error) {
        throw databaseRefusal(error) ?? error;
      }
    },
    pending: () => ({ commands: 0, bytes: 0 }),
    stats: () => ({ ...stats }),
    checkpoint: () => Promise.resolve({ busy: false, log: 0, checkpointed: 0 }),
    copyTo: async (path) => copyDatabase(database, path),
    releaseReserve: () => false,
    close: () => {
      if (!isClosed) database.close();
      isClosed = true;
      return Promise.resolve();
    },
    bytes: () => database.serialize(),
  };
}

function openInMemory(from: Uint8Array | undefined): DatabaseSync {
  const database = new DatabaseSync(":memory:", {
    enableForeignKeyConstraints: true,
    enableDoubleQuotedStringLiterals: false,
  });
  if (from !== undefined) database.deserialize(from);
  return database;
}

function writerOn(
  database: DatabaseSync,
  { module, clock }: InlineRunnerOptions,
  logger: Logger,
): GroupWriter {
  try {
    const version = migrate(database, { file: NAME }, module.migrations, clock);
    const writer = new GroupWriter(database, module, version, clock, (level, fields, message) =>
      logger[level](fields, message),
    );
    writer.opened();
    return writer;
  } catch (error) {
    database.close();
    throw error;
  }
}
