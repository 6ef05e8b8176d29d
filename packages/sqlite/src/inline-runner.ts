import { DatabaseSync } from "node:sqlite";
import { type Clock, type Logger, silentLogger } from "@holdfast/kernel";
import type { CommandModule, Note, Runner } from "./contract.ts";
import { GroupWriter, refuseTransactionControl } from "./group-writer.ts";
import { load } from "./load-rows.ts";
import { migrate } from "./migrate.ts";
import { copyDatabase } from "./migration-copy.ts";
import { readerOn } from "./reader.ts";
import { databaseRefusal } from "./sqlite-error.ts";
import { StatementCache } from "./statement-cache.ts";
import { type Command, fromWire, type WireError } from "./wire.ts";
import { shuttingDown } from "./writer-client.ts";

/** What refusals call a database that has no file. */
const NAME = "a database in memory";

export type InlineRunnerOptions = {
  module: CommandModule;
  /** What commands take the time from. */
  clock: Clock;
  /**
   * What is stored already: a database as `bytes` gave it, or that of another runner of the module, which is over then, as the next program opens the file
   * of one that died. Absent: an empty one.
   */
  from?: Uint8Array | InlineRunner;
  logger?: Logger;
};

/** A runner that gives its whole database out, and takes what another one of the same schema holds in place of what is stored. */
export type InlineRunner = Runner & {
  bytes(): Uint8Array;
  /** `bytes` as such a runner gave them; what they hold is read once for the same array. Nobody may be in the middle of a command. */
  load(bytes: Uint8Array): void;
};

/** A database with the statements that were prepared on it: they take longer than what they do here. */
type Opened = {
  database: DatabaseSync;
  module: CommandModule;
  version: number;
  writing: StatementCache;
  reading: StatementCache;
};

/** What each runner has open; one that is over has nothing. */
const OPEN = new WeakMap<InlineRunner, Opened>();

/**
 * A database in memory that runs its commands on the calling thread, by the given clock: migrations, transactions, refusals and notes are those of
 * `openRunner`, without its threads and its file. Each command is a group of its own, committed when `run` returns its promise. For simulations, which step
 * a program by hand and need thousands of databases; a server would stand still while it writes, and lose everything with its process.
 */
export function openInlineRunner(options: InlineRunnerOptions): InlineRunner {
  const { module, clock, logger = silentLogger } = options;
  const opened = openOrTake(options);
  const { database } = opened;
  const writer = new GroupWriter(
    database,
    module,
    opened.version,
    clock,
    (level, fields, message) => logger[level](fields, message),
    opened.writing,
  );
  writer.opened();
  const reader = readerOn(database, opened.reading);
  const listeners = new Set<(notes: Note[]) => void>();
  const stats = { groups: 0, commands: 0 };
  let lastId = 0;

  const run = <T>(name: string, args: unknown): Promise<T> => {
    if (!OPEN.has(runner)) return Promise.reject(shuttingDown());
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

  const runner: InlineRunner = {
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
      if (OPEN.delete(runner)) database.close();
      return Promise.resolve();
    },
    bytes: () => database.serialize(),
    load: (bytes) => load(database, opened.reading, bytes),
  };
  OPEN.set(runner, opened);
  return runner;
}

function openOrTake({ module, clock, from }: InlineRunnerOptions): Opened {
  if (from === undefined || from instanceof Uint8Array) return open(openInMemory(from), module, clock);
  const taken = OPEN.get(from);
  if (taken?.module !== module) throw new Error("The other runner is over, or one of another module.");
  OPEN.delete(from);
  return taken;
}

function open(database: DatabaseSync, module: CommandModule, clock: Clock): Opened {
  try {
    return {
      database,
      module,
      version: migrate(database, { file: NAME }, module.migrations, clock),
      writing: new StatementCache(database, refuseTransactionControl),
      reading: new StatementCache(database),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

function openInMemory(from: Uint8Array | undefined): DatabaseSync {
  const database = new DatabaseSync(":memory:", {
    enableForeignKeyConstraints: true,
    enableDoubleQuotedStringLiterals: false,
  });
  if (from !== undefined) database.deserialize(from);
  return database;
}
