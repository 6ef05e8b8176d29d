/** A server in the background for whoever needs one (I-24). Several commands at once start one server: the data directory's lock lets only one live. */
import { spawn } from "node:child_process";
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { configSchema, type ServerFile, VERSION } from "@holdfast/protocol";
import { readConfigFile } from "./config-file.ts";
import type { GlobalFlags } from "./config.ts";
import type { Context } from "./context.ts";
import { CliError, EXIT } from "./exit-code.ts";
import { findServer, isRunning, processSchema, readPrivately, startOfProcess } from "./server-file.ts";

/** How long a server may take until it listens, in ms: it recovers and migrates before. */
const READY_MS = 60_000;
const LOOK_MS = 20;
/** How long to wait before another try, while a server that holds the directory stops. */
const AGAIN_MS = 250;

export const logFileOf = (dataDirectory: string): string => join(dataDirectory, "logs", "server.log");

/**
 * Starts one when none runs for the data directory, unless the server was named or starting is switched off. Throws CliError (6) when it does not come
 * up. One that runs and is older than this command is said to be.
 */
export async function ensureServer(context: Context): Promise<void> {
  const { settings, flags, output } = context;
  if (settings.url !== undefined) return;
  const found = findServer(settings.dataDirectory);
  if (found.state === "running" && isOlder(found.file.version)) {
    const version = found.file.version ?? "an older one";
    output.note(
      `holdfast: the running server is ${version}, this command ${VERSION}. After \`holdfast stop\` the next command starts the new one.`,
    );
  }
  if (found.state === "running" || found.state === "unusable" || flags.start === false) return;
  const { startServer: inFile } = readConfigFile(settings.userConfigFile, configSchema) ?? {};
  if ((settings.fromEnvironment["startServer"] ?? inFile) === false) return;
  const { url } = await startServer(settings.dataDirectory, flags);
  output.note(`holdfast: started a server at ${url}; \`holdfast stop\` ends it.`);
}

/** Numbers decide; a server that does not tell its version is older than the first one that does. */
export function isOlder(version: string | undefined, than: string = VERSION): boolean {
  if (version === undefined) return true;
  const [theirs, ours] = [version, than].map((text) => text.split(/[.-]/).slice(0, 3).map(Number));
  const at = [0, 1, 2].find((index) => theirs?.[index] !== ours?.[index]);
  return at !== undefined && (theirs?.[at] ?? 0) < (ours?.[at] ?? 0);
}

/** `given`: arguments of `serve`. Resolves when a server of this directory listens: ours, or the one that somebody else started at the same time. */
export async function startServer(
  dataDirectory: string,
  flags: GlobalFlags,
  given: readonly string[] = [],
): Promise<ServerFile> {
  try {
    mkdirSync(join(logFileOf(dataDirectory), ".."), { recursive: true, mode: 0o700 });
  } catch (error) {
    const why = (error as Error).message;
    throw new CliError(EXIT.usage, `The data directory ${dataDirectory} cannot be used: ${why}`);
  }
  const claim = new Claim(join(dataDirectory, "starting"));
  const deadline = performance.now() + READY_MS;
  let child: Child | undefined;
  let holder = "";
  const leave = () => {
    claim.release();
    if (child !== undefined)
      process.stderr.write("holdfast: The server goes on starting; `holdfast stop` ends it.\n");
    process.exit(EXIT.interrupted);
  };
  process.once("SIGINT", leave);
  try {
    while (performance.now() < deadline) {
      const found = findServer(dataDirectory);
      if (found.state === "running") return found.file;
      if (child === undefined && claim.take()) child = launch(dataDirectory, flags, given);
      if (child?.exitCode !== undefined) {
        const words = lastWords(dataDirectory, child) ?? `it ended with ${child.end}.${claim.trouble}`;
        if (child.exitCode !== EXIT.conflict || !words.includes(" is in use by "))
          throw notStarted(dataDirectory, child.exitCode, words);
        // Another one holds the directory: it comes up, or it stops.
        child = undefined;
        holder = ` ${words}`;
        await sleep(AGAIN_MS);
      }
      await sleep(LOOK_MS);
    }
    throw new CliError(
      EXIT.unreachable,
      `The server did not listen within ${READY_MS / 1_000} s.${holder} \`holdfast logs\` shows what it does.`,
    );
  } finally {
    process.off("SIGINT", leave);
    claim.release();
  }
}

/** `end`: its exit code, or the signal that ended it. `logBytes`: how long the log was before it. */
type Child = { exitCode: number | undefined; end: number | string; logBytes: number };

/** The command line of a server that nobody watches: this very program, wherever it is started. */
export function serverCommand(dataDirectory: string, config: string | undefined): [string, ...string[]] {
  const program = process.argv[1];
  if (program === undefined) throw new Error("This program does not know where it is.");
  return [
    process.execPath,
    realpathSync(program),
    "--data-dir",
    dataDirectory,
    ...(config === undefined ? [] : ["--config", resolve(config)]),
    "serve",
    "--log-file",
    logFileOf(dataDirectory),
    "--any-port-if-taken",
  ];
}

/** The server as a process of its own, which outlives this one. What it says before its log is open, and its last words, go where the log goes. */
function launch(dataDirectory: string, flags: GlobalFlags, given: readonly string[]): Child {
  const log = logFileOf(dataDirectory);
  const errors = openSync(log, "a", 0o600);
  const [program, ...args] = serverCommand(dataDirectory, flags.config);
  const started = spawn(program, [...args, ...given], {
    detached: true,
    cwd: dataDirectory,
    stdio: ["ignore", "ignore", errors],
  });
  const child: Child = { exitCode: undefined, end: EXIT.failed, logBytes: fstatSync(errors).size };
  closeSync(errors);
  started.once("error", () => (child.exitCode = EXIT.failed));
  started.once("exit", (code, signal) => {
    child.exitCode = code ?? EXIT.failed;
    child.end = signal ?? child.exitCode;
  });
  started.unref();
  return child;
}

/** What the server said as it ended, with the lines that belong to it; nothing where its log takes nothing. */
function lastWords(dataDirectory: string, { logBytes }: Child): string | undefined {
  const text = readFileSync(logFileOf(dataDirectory)).subarray(logBytes).toString("utf8");
  return [...text.matchAll(/^holdfast: (.*(?:\n {2}\S.*)*)/gm)].at(-1)?.[1];
}

function notStarted(dataDirectory: string, exitCode: number, words: string): CliError {
  return new CliError(
    exitCode === EXIT.usage ? EXIT.usage : EXIT.unreachable,
    `The server did not start: ${words} Its log is ${logFileOf(dataDirectory)}.`,
  );
}

/** A file that says who is starting a server, so that twenty commands do not start twenty. It spares work only; what decides is the directory's lock. */
class Claim {
  readonly #path: string;
  #isMine = false;
  /** Why there can be none. What hinders it, such as a full disk, may be what hinders the server. */
  trouble = "";

  constructor(path: string) {
    this.#path = path;
  }

  /** Whether to start one: the claim is ours. One whose process is gone is taken over; where there can be none, the lock alone decides. */
  take(): boolean {
    if (this.#isMine) return true;
    try {
      if (this.#write()) return true;
      if (this.#isHeld()) return false;
      rmSync(this.#path, { force: true });
      return this.#write();
    } catch (error) {
      this.trouble = ` ${(error as Error).message}.`;
      return true;
    }
  }

  #write(): boolean {
    try {
      const mine = { pid: process.pid, processStart: startOfProcess(process.pid) };
      writeFileSync(this.#path, JSON.stringify(mine), { flag: "wx", mode: 0o600 });
      this.#isMine = true;
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
  }

  /** What is no whole claim holds nothing: who wrote it died, or is about to write it and starts one server too many, which the lock ends. */
  #isHeld(): boolean {
    try {
      return isRunning(processSchema.parse(JSON.parse(readPrivately(this.#path))));
    } catch {
      return false;
    }
  }

  release(): void {
    if (this.#isMine) rmSync(this.#path, { force: true });
    this.#isMine = false;
  }
}
