import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { type MessagePort, receiveMessageOnPort, workerData } from "node:worker_threads";
/**
 * The writer thread (D-34): owns the only writing connection. It takes every command that has arrived as the next group, has the group
 * committed, answers it, and looks again; it never waits for a timer.
 *
 *   migrate -> ready | refused;  [Command, ...] -> [answers, notes, commits, commands];  close -> closed;  any -> fatal (then silence)
 */
import { errorText, faultPoint, HoldfastError, planFault, systemClock } from "@holdfast/kernel";
import { openWriterConnection, type Synchronous, verifySynchronous } from "./connection.ts";
import { GroupWriter } from "./group-writer.ts";
import { loadModule } from "./load-module.ts";
import { migrate } from "./migrate.ts";
import { dropOldCopies } from "./migration-copy.ts";
import { FailStop, databaseRefusal } from "./sqlite-error.ts";
import { WalBound } from "./wal-bound.ts";
import { type Command, type FromWriter, type Reply, type ToWriter, toWire } from "./wire.ts";

/** A group's bounds: no commit may grow without end (D-12, D-34). */
const GROUP_COMMANDS = 1_024;
const GROUP_BYTES = 8_388_608;

export type WriterOptions = {
  directory: string;
  file: string;
  module: string;
  synchronous: Synchronous;
  pageSize: number;
  faults: string | undefined;
  port: MessagePort;
};

const options = workerData as WriterOptions;
const { port } = options;
const send = (message: FromWriter) => port.postMessage(message);
const log = (level: "warn" | "error", fields: Record<string, unknown>, message: string) =>
  send({ kind: "log", level, fields, message });

const warnOfWal = (walBytes: number, truncated: boolean) => send({ kind: "wal", walBytes, truncated });

type Open = { database: DatabaseSync; writer: GroupWriter; wal: WalBound };

async function open(): Promise<Open> {
  planFault(options.faults);
  const module = await loadModule(options.module);
  const database = openWriterConnection(
    join(options.directory, options.file),
    options.pageSize,
    options.synchronous,
  );
  const schemaVersion = migrate(database, options, module.migrations, systemClock);
  dropOldCopies(options, systemClock);
  const writer = new GroupWriter(database, module, schemaVersion, systemClock, log);
  writer.opened();
  verifySynchronous(database, options.synchronous);
  return { database, writer, wal: new WalBound(database, log, warnOfWal) };
}

function serve({ database, writer, wal }: Open): void {
  const arrived: Command[] = [];
  let next = 0;

  const takeGroup = (): { group: Command[]; bytes: number } => {
    const group: Command[] = [];
    let bytes = 0;
    while (next < arrived.length && group.length < GROUP_COMMANDS && bytes < GROUP_BYTES) {
      const command = arrived[next] as Command;
      next += 1;
      bytes += command[3];
      group.push(command);
    }
    if (next === arrived.length) {
      arrived.length = 0;
      next = 0;
    }
    return { group, bytes };
  };

  const commitGroup = () => {
    const { group, bytes } = takeGroup();
    writer.execute(group, answer);
    wal.afterGroup(bytes);
  };

  const take = (message: ToWriter) => {
    if (Array.isArray(message)) {
      for (const command of message) arrived.push(command);
      return;
    }
    while (next < arrived.length) commitGroup();
    const state = wal.truncate();
    if (message.kind === "checkpoint") return send({ kind: "checkpointed", id: message.id, state });
    database.close();
    // The calling thread ends this one: ending by itself could overtake its last message.
    send({ kind: "closed" });
  };

  const takeWaiting = () => {
    for (let more = receiveMessageOnPort(port); more !== undefined; more = receiveMessageOnPort(port)) {
      take(more.message as ToWriter);
    }
  };

  port.on("message", (message: ToWriter) => {
    try {
      take(message);
      takeWaiting();
      while (next < arrived.length) {
        commitGroup();
        takeWaiting();
      }
    } catch (error) {
      stop(error);
    }
  });
}

function answer(reply: Reply): void {
  faultPoint("runner.reply");
  try {
    send([reply.answers, reply.notes, reply.commits, reply.commands]);
  } catch {
    send([clonable(reply.answers), reply.notes, reply.commits, reply.commands]);
  }
}

/** Results that cannot cross the thread become INTERNAL; their commands are stored all the same. */
function clonable(answers: readonly unknown[]): unknown[] {
  const safe: unknown[] = [];
  for (let at = 0; at < answers.length; at += 3) {
    const [id, ok, value] = answers.slice(at, at + 3);
    try {
      safe.push(id, ok, structuredClone(value));
    } catch (error) {
      log("error", { error: errorText(error) }, "the result of a stored command cannot be sent");
      safe.push(id, false, toWire(error, "A command was stored, but its result cannot be sent."));
    }
  }
  return safe;
}

/** D-34: nothing is answered any more. The connection stays open, so that nothing touches the files until the process ends. */
function stop(error: unknown): void {
  const cause = error instanceof FailStop ? errorText(error.cause) : ((error as Error).stack ?? "");
  port.removeAllListeners("message");
  send({ kind: "fatal", message: errorText(error), cause });
}

try {
  const ready = await open();
  serve(ready);
  send({ kind: "ready" });
} catch (error) {
  const refused = error instanceof HoldfastError ? error : databaseRefusal(error);
  const message = `The database ${options.file} cannot be opened: ${errorText(error)}`;
  // Held open: a thread that ended by itself could overtake its last message, and the reason would be lost.
  port.ref();
  send({
    kind: "refused",
    error: toWire(refused ?? new HoldfastError("INTERNAL", message, { cause: error }), message),
  });
}
