/**
 * The share service beside a server (S-1, S-29): a child process with a heap limit, a data directory and a lock of its own, which gets no credential of
 * Holdfast. It is started when somebody shares for the first time, and from then on with every start of the server.
 *
 *   idle ── origin() ──► starting ── its ready line ──► running
 *                          ▲  │ ends, or is silent           │ ends
 *                          │  ▼                              ▼
 *                        waiting ◄───────────────────────────┘        stop(): stopped
 *
 * It ends by itself when its standard input does, so that none outlives a server that was killed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  backoffMs,
  type Clock,
  errorText,
  HoldfastError,
  type Logger,
  redact,
  type Timer,
  within,
} from "@holdfast/kernel";
import { ShareRecord } from "./share-record.ts";

/** Default port of the service (S-1). */
export const SHARE_PORT = 4681;
/** MiB of its heap. */
const HEAP_MIB = 256;
/** ms until it listens; then it is ended and started again. */
const READY_MS = 60_000;
/** ms that whoever wants to share waits for it. */
const ORIGIN_MS = 30_000;
/** ms it has to end by itself. */
const STOP_MS = 5_000;
const RESTART = { base: 250, cap: 60_000, jitter: 0 } as const;
/** Tries at the port of last time, as long as something else has it: links name it. */
const SAME_PORT_TRIES = 10;
/** Exit code of a program whose directory or address is taken (I-11). */
const CONFLICT = 7;
/** Characters of its log that are handed on at a time. */
const LOG_CHARACTERS = 4_096;

export type EmbeddedShareOptions = {
  /** Path of the program that has the command `share-server`. */
  program: string;
  /** The server's data directory. */
  directory: string;
  /** Absent: 4681, or where something has that, any free one. */
  port: number | undefined;
  /** Of the server; the service gets what a program needs to run, and what is named for it. */
  environment: Readonly<Record<string, string | undefined>>;
  clock: Clock;
  logger: Logger;
};

/** What a program needs to run. */
const BASIC = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "XDG_CACHE_HOME", "NODE_COMPILE_CACHE"];

/** The port of the next try: a chosen one always, else the one of last time as long as there is hope, else the default one once, else any. */
export function portToTry(facts: {
  chosen: number | undefined;
  last: number | undefined;
  conflicts: number;
}): number {
  const { chosen, last, conflicts } = facts;
  if (chosen !== undefined && chosen !== 0) return chosen;
  if (last !== undefined) return conflicts < SAME_PORT_TRIES ? last : 0;
  return chosen === undefined && conflicts === 0 ? SHARE_PORT : 0;
}

/** The environment of the service: no token, no key of a provider, nothing that is Holdfast's own but what is the service's. */
export function shareEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const kept = Object.entries(environment).flatMap(([name, value]) =>
    value !== undefined &&
    (BASIC.includes(name) || name.startsWith("LC_") || name.startsWith("HOLDFAST_SHARE_"))
      ? [[name, value] as const]
      : [],
  );
  // What the server itself is told about services elsewhere is a credential.
  return { ...Object.fromEntries(kept.filter(([name]) => name !== "HOLDFAST_SHARE_KEY")), ...own };
}

export class EmbeddedShare {
  readonly #options: EmbeddedShareOptions;
  readonly #record: ShareRecord;
  #child: ChildProcess | undefined;
  #restart: Timer | undefined;
  #origin = Promise.withResolvers<string>();
  #isListening = false;
  #isWanted = false;
  #isStopped = false;
  #failures = 0;
  #conflicts = 0;

  constructor(options: EmbeddedShareOptions) {
    this.#options = options;
    this.#record = new ShareRecord(options.directory);
    this.#origin.promise.catch(() => undefined);
  }

  /** The publish key that it takes; made once for a data directory. */
  get key(): string {
    return this.#record.key;
  }

  /** Whether a service of this origin is, or was, this one: after a change of its port its shares are reached at `origin()`. */
  isOwn(origin: string): boolean {
    return this.#record.isOwn(origin);
  }

  /** Starts it where something was shared with it before, so that links work again. */
  resume(): void {
    if (existsSync(this.#place)) this.#want();
  }

  /** Where it listens; started when it is not. Rejects SERVICE_UNAVAILABLE when it does not come up in time, and goes on trying. */
  async origin(): Promise<string> {
    if (this.#isStopped) throw new HoldfastError("SHUTTING_DOWN", "The server is stopping.");
    this.#want();
    const origin = await within(this.#options.clock, ORIGIN_MS, this.#origin.promise);
    if (origin !== undefined) return origin;
    throw new HoldfastError(
      "SERVICE_UNAVAILABLE",
      "The share service of this Holdfast did not start. Its log is in the server's; another service can be named.",
    );
  }

  /** Ends it, and waits for that. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#restart?.cancel();
    this.#origin.reject(new HoldfastError("SHUTTING_DOWN", "The server is stopping."));
    const child = this.#child;
    if (child === undefined) return;
    const gone = new Promise<true>((resolve) => child.once("close", () => resolve(true)));
    child.stdin?.destroy();
    child.kill("SIGTERM");
    if ((await within(this.#options.clock, STOP_MS, gone)) === undefined) child.kill("SIGKILL");
    await gone;
  }

  get #place(): string {
    return join(this.#options.directory, "share");
  }

  #want(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#start();
  }

  #start(): void {
    const { program, port, environment, clock, logger } = this.#options;
    const next = portToTry({ chosen: port, last: this.#record.lastPort, conflicts: this.#conflicts });
    const child = spawn(
      process.execPath,
      [`--max-old-space-size=${HEAP_MIB}`, program, "--data-dir", this.#place, "share-server", "--embedded"],
      {
        stdio: ["pipe", "pipe", "pipe"],
        env: shareEnvironment(environment, {
          HOLDFAST_SHARE_PORT: String(next),
          HOLDFAST_SHARE_KEYS: this.key,
          HOLDFAST_LOG_LEVEL: "warn",
        }),
      },
    );
    this.#child = child;
    const deadline = clock.after(READY_MS, () => child.kill("SIGKILL"));
    child.stdin.on("error", () => undefined);
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      logger.warn({ text: redact(text.slice(-LOG_CHARACTERS)) }, "the share service says");
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (output.length > LOG_CHARACTERS) return;
      output += text;
      const origin = / listening on (http:\S+)\n/.exec(output)?.[1];
      if (origin === undefined) return;
      deadline.cancel();
      output = " ".repeat(LOG_CHARACTERS + 1);
      this.#listening(origin);
    });
    child.once("error", (error) =>
      logger.error({ error: errorText(error) }, "the share service cannot be started"),
    );
    child.once("close", (code) => {
      deadline.cancel();
      this.#ended(code);
    });
  }

  #listening(origin: string): void {
    this.#isListening = true;
    this.#failures = 0;
    this.#conflicts = 0;
    this.#record.add(origin);
    this.#options.logger.info({ origin }, "the share service listens");
    this.#origin.resolve(origin);
  }

  /** Starts it again after a while: whoever shares waits for it, and readers come back by themselves. */
  #ended(code: number | null): void {
    const { clock, logger } = this.#options;
    this.#child = undefined;
    if (this.#isStopped) return;
    if (code === CONFLICT) this.#conflicts += 1;
    this.#failures += 1;
    if (this.#isListening) {
      this.#isListening = false;
      this.#origin = Promise.withResolvers();
      this.#origin.promise.catch(() => undefined);
    }
    const ms = backoffMs(this.#failures, RESTART, 0);
    logger.warn({ code, againInMs: ms }, "the share service ended and is started again");
    this.#restart = clock.after(ms, () => this.#start());
  }
}
