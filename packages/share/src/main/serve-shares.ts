import { mkdirSync, realpathSync } from "node:fs";
import { hostname } from "node:os";
import { isAddressInUse } from "@holdfast/edge";
import {
  type Clock,
  errorText,
  isHoldfastError,
  type Logger,
  planFault,
  systemClock,
} from "@holdfast/kernel";
import { databaseRefusal, DirectoryLockedError, lockDirectory } from "@holdfast/sqlite";
import { destination, pino } from "pino";
import { loadShareConfig, type ShareConfig, ShareConfigError, type ShareFlags } from "../config.ts";
import { openShareStore, type ShareStore } from "../store/index.ts";
import { composeShares } from "./compose.ts";

/** Exit codes (I-11). */
const EXIT = { done: 0, failed: 1, usage: 2, conflict: 7 } as const;

/**
 * Runs the share service until a signal ends it, or with `embedded` the end of its standard input; answers the exit code. One line on stdout says where it
 * listens; everything else goes to stderr.
 */
export async function serveShares(flags: ShareFlags = {}): Promise<number> {
  try {
    const config = loadShareConfig(flags);
    planFault(config.faults);
    return await inDirectory(config.directory, () => run(config));
  } catch (error) {
    return refuse(error);
  }
}

/** Runs work while this process holds the service's directory, which is made when it is missing. Rejects with DirectoryLockedError. */
export async function inDirectory<T>(path: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const lock = lockDirectory(realpathSync(path), {
    pid: process.pid,
    host: hostname(),
    startTime: systemClock.now(),
  });
  try {
    return await work();
  } finally {
    lock.release();
  }
}

async function run(config: ShareConfig): Promise<number> {
  const logger = createLogger(config.logLevel);
  const clock: Clock = systemClock;
  const stopped = stopOf(config.embedded);
  let store: ShareStore | undefined;
  try {
    store = await openShareStore({ directory: config.directory, clock, logger, faults: config.faults });
    store.onFatal((error) => {
      logger.error({ error: errorText(error) }, "the store broke; the service ends now");
      process.exit(EXIT.failed);
    });
    const server = composeShares({ config, store, clock, logger, pageDirectory: config.pageDirectory });
    try {
      const { url } = await server.start();
      process.stdout.write(`holdfast share service listening on ${url}\n`);
      logger.info({ url, pid: process.pid }, "listening");
      await stopped.first;
    } finally {
      await server.stop();
    }
    return EXIT.done;
  } finally {
    stopped.dispose();
    await store?.close();
  }
}

/** Says what was wrong, on stderr, in words; the exit code tells scripts. */
export function refuse(error: unknown): number {
  const say = (text: string, code: number): number => {
    process.stderr.write(`holdfast: ${text}\n`);
    return code;
  };
  if (error instanceof DirectoryLockedError) return say(error.message, EXIT.conflict);
  if (error instanceof ShareConfigError) return say(error.message, EXIT.usage);
  if (isAddressInUse(error))
    return say(
      "the address is in use. Choose another port (HOLDFAST_SHARE_PORT, 0 takes any free one).",
      EXIT.conflict,
    );
  if (isHoldfastError(error))
    return say(error.message, error.code === "UNPROCESSABLE" ? EXIT.usage : EXIT.failed);
  const refusal = databaseRefusal(error);
  if (refusal !== undefined) return say(`${refusal.message} (${errorText(error)})`, EXIT.failed);
  return say(error instanceof Error ? (error.stack ?? error.message) : String(error), EXIT.failed);
}

/** Bytes of lines that are kept for when stderr takes them again; newer ones are dropped. */
const MAX_WAITING_BYTES = 1024 * 1024;

function createLogger(level: string): Logger {
  const stderr = destination({ fd: 2, sync: true, maxLength: MAX_WAITING_BYTES });
  stderr.on("error", () => undefined);
  return pino({ level, base: null }, stderr);
}

/** Resolves at SIGTERM or SIGINT, and for a service beside a server when that lets go of its standard input. */
function stopOf(embedded: boolean): { first: Promise<void>; dispose(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  process.on("SIGTERM", resolve).on("SIGINT", resolve);
  if (embedded) process.stdin.on("end", resolve).on("close", resolve).on("error", resolve).resume();
  return {
    first: promise,
    dispose() {
      process.off("SIGTERM", resolve).off("SIGINT", resolve);
      if (embedded) process.stdin.pause();
    },
  };
}
