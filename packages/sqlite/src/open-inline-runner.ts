import { DatabaseSync } from "node:sqlite";
import { type Clock, type Logger, silentLogger } from "@holdfast/kernel";
import type { CommandModule, Note, Runner } from "./contract.ts";
import { copyDatabase } from "./migration-copy.ts";
import { migrate } from "./migrate.ts";
import { GroupWriter } from "./group-writer.ts";
import { readerOn } from "./reader.ts";
import { type Command, fromWire, type Reply, type WireError } from "./wire.ts";

/** `migrate` names a file in what it refuses. */
const NAME = "memory";

export type InlineRunnerOptions = {
  module: CommandModule;
  /** What commands take the time from. */
  clock: Clock;
  /** A database as `bytes` gave it; absent: an empty one. */
  from?: Uint8Array;
  logger?: Logger;
};

/** A runner that can give its whole database out. */
export type InlineRunner = Runner & { bytes(): Uint8Array };

/**
 * A database in memory that runs its commands in the calling thread, at once, by the given clock: the same commands, transactions, migrations and
 * notes as `openRunner`, without its threads, its file and what it promises about them. For whoever steps time by hand, and needs thousands of stores.
 */
export function openInlineRunner(options: InlineRunnerOptions): InlineRunner {
  const { module, clock, logger = silentLogger } = options;
  const database = new DatabaseSync(":memory:", {
    enableForeignKeyConstraints: true,
    enableDoubleQuotedStringLiterals: false,
  });
  if (options.from !== undefined) database.deserialize(options.from);
  const version = migrate(database, { file: NAME }, module.migrations, clock);
  const writer = new GroupWriter(database, module, version, clock, (level, fields, message) =>
    logger[level](fields, message),
  );
  writer.opened();
  const reader = readerOn(database);
  const listeners = new Set<(notes: Note[]) => void>();
  const stats = { groups: 0, commands: 0 };
  let lastId = 0;

  const run = <T>(name: string, args: unknown): Promise<T> => {
    lastId += 1;
    const command: Command = [lastId, name, structuredClone(args), 0];
    const replies: Reply[] = [];
    writer.execute([command], (reply) => replies.push(reply));
    const [reply] = replies;
    if (reply === undefined) throw new Error(`The command ${name} left no outcome.`);
    stats.groups += reply.commits;
    stats.commands += reply.commands;
    if (reply.notes.length > 0) for (const listener of listeners) listener(structuredClone(reply.notes));
    const [, isDone, value] = reply.answers;
    return isDone === true
      ? Promise.resolve(structuredClone(value) as T)
      : Promise.reject(fromWire(value as WireError));
  };

  return {
    run,
    onNotes(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    onFatal: () => undefined,
    reader,
    query<T>(name: string, args: unknown) {
      const query = module.queries?.[name];
      if (query === undefined) return Promise.reject(new Error(`The command module has no query ${name}.`));
      return Promise.resolve(structuredClone(reader.snapshot(() => query(reader, args as never))) as T);
    },
    pending: () => ({ commands: 0, bytes: 0 }),
    stats: () => ({ ...stats }),
    checkpoint: () => Promise.resolve({ busy: false, log: 0, checkpointed: 0 }),
    copyTo: async (path) => copyDatabase(database, path),
    releaseReserve: () => false,
    close: async () => database.close(),
    bytes: () => database.serialize(),
  };
}
