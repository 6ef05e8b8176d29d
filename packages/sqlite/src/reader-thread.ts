import { type MessagePort, workerData } from "node:worker_threads";
/** A reader thread (D-34): long reads on a read-only connection of its own, one at a time, each inside one snapshot. */
import { errorText, HoldfastError } from "@holdfast/kernel";
import { openReaderConnection } from "./connection.ts";
import { loadModule } from "./load-module.ts";
import { copyDatabase } from "./migration-copy.ts";
import { readerOn } from "./reader.ts";
import { databaseRefusal } from "./sqlite-error.ts";
import { type FromReader, type ToReader, toWire } from "./wire.ts";

export type ReaderOptions = { path: string; module: string; port: MessagePort };

const options = workerData as ReaderOptions;
const send = (message: FromReader) => options.port.postMessage(message);

const module = await loadModule(options.module);
const database = openReaderConnection(options.path);
const reader = readerOn(database);

function answer(request: ToReader): unknown {
  if (request.kind === "copy") return copyDatabase(database, request.path);
  const query = Object.hasOwn(module.queries ?? {}, request.name)
    ? module.queries?.[request.name]
    : undefined;
  if (query === undefined) throw new Error(`The command module has no query ${request.name}.`);
  return reader.snapshot(() => query(reader, request.args as never));
}

options.port.on("message", (request: ToReader) => {
  try {
    send({ kind: "answer", id: request.id, ok: true, value: answer(request) });
  } catch (error) {
    const refusal = error instanceof HoldfastError ? error : (databaseRefusal(error) ?? error);
    const what = request.kind === "copy" ? "The copy" : `The query ${request.name}`;
    const wire = toWire(refusal, `${what} failed inside the store.`);
    send({ kind: "answer", id: request.id, ok: false, error: { cause: errorText(error), ...wire } });
  }
});
send({ kind: "ready" });
