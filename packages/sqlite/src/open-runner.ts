import { mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { HoldfastError, silentLogger } from "@holdfast/kernel";
import { DEFAULT_PAGE_SIZE, openReaderConnection } from "./connection.ts";
import type { Runner, RunnerOptions } from "./contract.ts";
import { isNetworkFileSystem } from "./network-file-system.ts";
import { QueryThread } from "./query-thread.ts";
import { readerOn } from "./reader.ts";
import { DEFAULT_RESERVE_BYTES, holdReserve, releaseReserve } from "./reserve.ts";
import { syncDirectory } from "./synced-file.ts";
import { WriterClient } from "./writer-client.ts";

/** ms a copy of the whole database may take. */
const COPY_DEADLINE_MS = 3_600_000;

/**
 * Opens a database with its threads: creates the directory, migrates, and returns when commands can run. Rejects with
 * STORAGE_UNAVAILABLE and the reason when the database must not be used; nothing is left running then. The caller owns the runner and
 * closes it.
 */
export async function openRunner(options: RunnerOptions): Promise<Runner> {
  const { directory, file, synchronous = "FULL", logger = silentLogger } = options;
  if (basename(file) !== file || file === "") throw new RangeError(`${file} is not a plain file name.`);
  createDirectory(directory);
  if (options.force !== true && isNetworkFileSystem(directory)) {
    throw new HoldfastError(
      "STORAGE_UNAVAILABLE",
      `${directory} is on a network file system, where SQLite's locks cannot be trusted; use a local directory or force it.`,
    );
  }
  const reserveBytes = options.diskReserveBytes ?? DEFAULT_RESERVE_BYTES;
  if (reserveBytes > 0) holdReserve(directory, reserveBytes, logger);
  const path = join(directory, file);
  const queries = new QueryThread({ path, module: options.module.href });
  const writer = new WriterClient(
    {
      directory,
      file,
      module: options.module.href,
      synchronous,
      pageSize: options.pageSize ?? DEFAULT_PAGE_SIZE,
      faults: options.faults,
    },
    logger,
    () => queries.reading(),
  );
  await writer.opened();
  const connection = await openOrClose(writer, path);
  let closed: Promise<void> | undefined;

  const close = async () => {
    writer.refuse();
    await queries.close();
    await writer.drained();
    // Before the writer's own: the last connection to close removes the log, and this one may not write.
    connection.close();
    await writer.close();
  };

  return {
    run: (command, args) => writer.run(command, args),
    onNotes: (listener) => writer.onNotes(listener),
    onFatal: (listener) => writer.onFatal(listener),
    reader: readerOn(connection),
    query: (name, args, query) => queries.request({ kind: "query", name, args }, query?.deadlineMs),
    pending: () => writer.pending(),
    stats: () => writer.stats(),
    checkpoint: () => writer.checkpoint(),
    copyTo: (target) => queries.request({ kind: "copy", path: target }, COPY_DEADLINE_MS),
    releaseReserve: () => releaseReserve(directory),
    close: () => (closed ??= close()),
  };
}

function createDirectory(directory: string): void {
  const first = mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = directory; made.length >= first.length; made = dirname(made)) syncDirectory(dirname(made));
}

async function openOrClose(writer: WriterClient, path: string): Promise<DatabaseSync> {
  try {
    return openReaderConnection(path);
  } catch (error) {
    await writer.close();
    throw error;
  }
}
