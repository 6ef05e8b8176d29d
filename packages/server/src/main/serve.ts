import { hostname } from "node:os";
import { isAddressInUse } from "@holdfast/edge";
import {
  type Clock,
  errorText,
  isHoldfastError,
  type Logger,
  planFault,
  randomHex,
  systemClock,
} from "@holdfast/kernel";
import { type ServerFile, VERSION } from "@holdfast/protocol";
import { databaseRefusal, DirectoryLockedError, lockDirectory } from "@holdfast/sqlite";
import { destination, pino } from "pino";
import { processTable } from "../agents/index.ts";
import { compose, type Server } from "./compose.ts";
import { ConfigError, loadConfig, type ServeFlags, type ServerConfig } from "./config.ts";
import { announceServer, prepareDataDirectory, withdrawServer } from "./data-directory.ts";
import { LogFile } from "./log-file.ts";

/** Exit codes of the server (I-11, D-17, D-34). */
const EXIT = { done: 0, failed: 1, usage: 2, conflict: 7 } as const;

/** Of the key by which this start of the server proves itself (I-6). */
const PROOF_KEY_BYTES = 32;

/**
 * Runs the server until a signal ends it; answers the exit code. One line on stdout says where it listens; everything else goes to stderr. A store that
 * broke ends the process at once (D-34): what is not known to be written is not answered.
 */
export async function serve(flags: ServeFlags = {}): Promise<number> {
  const startTime = systemClock.now();
  let config: ServerConfig;
  try {
    config = loadConfig(flags);
    planFault(config.faults);
    const directory = prepareDataDirectory(config.dataDirectory);
    const processStart = (await processTable(process.platform).inspect(process.pid))?.startTime;
    const self = { pid: process.pid, startTime, ...(processStart === undefined ? {} : { processStart }) };
    const lock = lockDirectory(directory, { ...self, host: hostname() });
    try {
      return await run(config, directory, self);
    } finally {
      lock.release();
    }
  } catch (error) {
    return refuse(error);
  }
}

type Self = Pick<ServerFile, "pid" | "startTime" | "processStart">;

async function run(config: ServerConfig, directory: string, self: Self): Promise<number> {
  const { startTime } = self;
  const logger = createLogger(config);
  const signals = stopSignals(systemClock, () => process.exit(EXIT.failed));
  withdrawServer(directory);
  let server: Server | undefined;
  try {
    const key = randomHex(PROOF_KEY_BYTES);
    server = await compose(config, { directory, startTime, proofKey: key, clock: systemClock, logger });
    server.store.onFatal((error) => {
      logger.error(
        { error: errorText(error) },
        "the store broke; the server ends now and recovers at its next start",
      );
      process.exit(EXIT.failed);
    });
    const { url } = await server.start();
    announceServer(directory, { url, ...self, version: VERSION, key });
    logger.info({ url, pid: process.pid, version: VERSION }, "listening");
    process.stdout.write(`holdfast listening on ${url}\n`);
    await signals.first;
    logger.info({ graceMs: config.stopBudgetMs }, "stopping");
    withdrawServer(directory);
    await server.stop();
    return EXIT.done;
  } catch (error) {
    await server?.stop().catch(() => undefined);
    throw error;
  } finally {
    signals.dispose();
  }
}

/** Says what was wrong, on stderr, in words; the exit code tells scripts. */
function refuse(error: unknown): number {
  if (error instanceof DirectoryLockedError) {
    process.stderr.write(`holdfast: ${error.message}\n`);
    return EXIT.conflict;
  }
  if (error instanceof ConfigError || error instanceof RangeError) {
    process.stderr.write(`holdfast: ${error.message}\n`);
    return EXIT.usage;
  }
  if (isAddressInUse(error)) {
    process.stderr.write(
      "holdfast: the address is in use. Choose another port (HOLDFAST_PORT, 0 takes any free one).\n",
    );
    return EXIT.conflict;
  }
  const refusal = databaseRefusal(error);
  const text = isHoldfastError(error)
    ? error.message
    : refusal !== undefined
      ? `${refusal.message} (${errorText(error)})`
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
  process.stderr.write(`holdfast: ${text}\n`);
  return isHoldfastError(error, "UNPROCESSABLE") ? EXIT.usage : EXIT.failed;
}

/** Bytes of lines that are kept for when stderr takes them again, such as a file on a full disk; newer ones are dropped. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** Structured logs on stderr, or in a file (I-7, I-10, I-24). Synchronous, so that the last line before a crash is there. The server lives without them (D-34). */
function createLogger({ logLevel: level, logFile }: ServerConfig): Logger {
  if (logFile !== undefined) return pino({ level, base: null }, new LogFile(logFile));
  const stderr = destination({ fd: 2, sync: true, maxLength: MAX_WAITING_BYTES });
  stderr.on("error", () => undefined);
  return pino({ level, base: null }, stderr);
}

/** Two signals within this time are one: a Ctrl-C reaches the program twice through npm (D-21). In ms. */
const SAME_SIGNAL_MS = 500;

/** Resolves at the first SIGTERM or SIGINT. A later one, more than 500 ms after it, calls `insist` (D-21). */
function stopSignals(clock: Clock, insist: () => void): { first: Promise<void>; dispose(): void } {
  let since: number | undefined;
  let resolve: () => void = () => undefined;
  const first = new Promise<void>((done) => {
    resolve = done;
  });
  const listener = () => {
    if (since === undefined) {
      since = clock.monotonic();
      resolve();
    } else if (clock.monotonic() - since > SAME_SIGNAL_MS) {
      insist();
    }
  };
  process.on("SIGTERM", listener).on("SIGINT", listener);
  return {
    first,
    dispose() {
      process.off("SIGTERM", listener).off("SIGINT", listener);
    },
  };
}
