/**
 * One running agent program and everything it started.
 *
 * Invariants: the root leads its own group; when it exits, by itself or not, whatever else carries its launch id is ended too; its row is
 * closed and its private temporary directory removed only when nothing of it lives; a stop can be hurried but never slowed.
 */
import type { ChildProcess } from "node:child_process";
import { rm } from "node:fs/promises";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { errorText, wait, within, type Clock, type Logger } from "@holdfast/kernel";
import type { Commands } from "../store/index.ts";
import { OutputTail } from "./output-tail.ts";
import { trySignal, type LaunchKey, type ProcessTable } from "./process-table.ts";
import {
  hurried,
  rungAt,
  stopSchedule,
  type Rung,
  type StopLimits,
  type StopOptions,
  type StopSchedule,
} from "./stop-schedule.ts";

/** How the root ended; one of the two is set. */
export type ProcessExit = { exitCode?: number; signal?: string };

/** A child as `launchProcess` hands it over. */
export type RunningChild = ChildProcess & {
  pid: number;
  stdin: Writable;
  stdout: Readable;
  stderr: Readable;
};

/** What the processes of one launch need; `launchProcess` gives it. */
export type ProcessContext = {
  key: LaunchKey;
  temporaryDirectory: string;
  store: Pick<Commands, "recordExit">;
  clock: Clock;
  table: ProcessTable;
  logger: Logger;
  limits: StopLimits;
  secrets: readonly string[];
};

/** Between two looks for what is left of a launch. */
const LOOK_AGAIN_MS = 50;

/** After the root's exit, how long its pipes may stay open without anything to read: a stranger may hold them. */
const PIPE_IDLE_MS = 1_000;

/** How often `PIPE_IDLE_MS` is granted again while somebody is still reading what is there. */
const PIPE_GRANTS = 60;

export class AgentProcess {
  readonly pid: number;
  readonly stdin: Writable;
  /** Unread output stays in the pipe: whoever reads slowly makes the agent wait. Unread at the agent's death, it is kept. */
  readonly stdout: Readable;
  /** Resolves when the root is dead and its pipes are read out or given up; never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** Resolves with the pids that could not be ended (none, as a rule) once the row is closed; never rejects. */
  readonly ended: Promise<readonly number[]>;
  readonly #child: RunningChild;
  readonly #context: ProcessContext;
  readonly #rootExit: Promise<ProcessExit>;
  readonly #output = new PassThrough();
  readonly #stderr: OutputTail;
  #schedule: StopSchedule | undefined;
  #climb: Promise<void> | undefined;
  #hurry = new AbortController();
  #isGone = false;

  constructor(child: RunningChild, context: ProcessContext) {
    this.#child = child;
    this.#context = context;
    this.#stderr = new OutputTail(context.secrets);
    this.pid = child.pid;
    this.stdin = child.stdin;
    // Node throws away what an exited child said before anybody reads it; behind a stream of our own it is kept.
    this.stdout = child.stdout.pipe(this.#output);
    child.stdout.once("close", () => this.#output.end());
    child.stderr.setEncoding("utf8").on("data", (text: string) => this.#stderr.append(text));
    // A pipe to a dead child reports that on every write; the exit says it once.
    for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.on("error", () => undefined);
    this.#rootExit = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.#isGone = true;
        // No rung is waited for any more, and no timer of a dead child keeps the server alive.
        this.#hurry.abort();
        // At this very moment the group's id cannot have been given to anybody else.
        trySignal(-this.pid, "SIGKILL");
        resolve(code === null ? { signal: signal ?? "unknown" } : { exitCode: code });
      });
    });
    const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
    this.exited = this.#rootExit.then(async (exit) => {
      await this.#readOut(closed);
      return exit;
    });
    this.ended = this.#rootExit.then(() => this.#cleanUp());
  }

  get launchId(): string {
    return this.#context.key.launchId;
  }

  /** False once the root has exited. */
  get isRunning(): boolean {
    return !this.#isGone;
  }

  /** The last words on stderr, redacted. */
  stderrTail(): string | undefined {
    return this.#stderr.read();
  }

  /**
   * Climbs the ladder of A-10 and resolves when nothing of the launch lives, or when even SIGKILL did not help within its deadline (then the
   * row stays open for the next start). May be called again to hurry.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    const { clock, limits } = this.#context;
    const asked = stopSchedule(options, clock.monotonic(), limits);
    this.#schedule = this.#schedule === undefined ? asked : hurried(this.#schedule, asked);
    const before = this.#hurry;
    this.#hurry = new AbortController();
    before.abort();
    this.#climb ??= this.#climbLadder();
    await this.#climb;
  }

  async #climbLadder(): Promise<void> {
    const { clock, limits } = this.#context;
    let last: Rung | undefined;
    while (!this.#isGone && this.#schedule !== undefined) {
      // Taken before the schedule is read: a stop that hurries in between must still cut the wait short.
      const { signal } = this.#hurry;
      const { rung, until } = rungAt(this.#schedule, clock.monotonic());
      if (rung !== last) await this.#step(rung);
      if (rung === "give-up") return;
      last = rung;
      const waiting = wait(clock, until - clock.monotonic(), signal);
      await Promise.race([this.#rootExit, waiting]);
    }
    await within(clock, limits.killDeadlineMs + PIPE_IDLE_MS, this.ended);
  }

  async #step(rung: Rung): Promise<void> {
    if (rung === "give-up") {
      this.#context.logger.error({ pid: this.pid, launchId: this.launchId }, "an agent process does not die");
      return;
    }
    this.stdin.end();
    if (rung === "eof") return;
    const signal = rung === "term" ? "SIGTERM" : "SIGKILL";
    trySignal(-this.pid, signal);
    if (rung === "kill") await this.#signalRelatives();
  }

  async #signalRelatives(): Promise<readonly number[]> {
    const { table, key } = this.#context;
    const pids = (await table.relatives([key])).get(key.launchId) ?? [];
    for (const pid of pids) await table.signal(pid, key, "SIGKILL");
    return pids;
  }

  /** Ends what outlived the root, then forgets the launch. */
  async #cleanUp(): Promise<readonly number[]> {
    const { clock, limits, store, logger, temporaryDirectory } = this.#context;
    const deadline = clock.monotonic() + limits.killDeadlineMs;
    try {
      let left = await this.#signalRelatives();
      while (left.length > 0 && clock.monotonic() < deadline) {
        await wait(clock, LOOK_AGAIN_MS);
        left = await this.#signalRelatives();
      }
      if (left.length > 0) {
        logger.error({ launchId: this.launchId, pids: left }, "processes of an agent do not die");
        return left;
      }
      await rm(temporaryDirectory, { recursive: true, force: true });
      await store.recordExit({ launchId: this.launchId });
    } catch (error) {
      // The row stays open: the next start reaps it.
      logger.warn(
        { launchId: this.launchId, error: errorText(error) },
        "an ended agent could not be cleaned up",
      );
    }
    return [];
  }

  /** Waits until the pipes are read to their end; gives up on pipes that a stranger holds open and that hold nothing. */
  async #readOut(closed: Promise<void>): Promise<void> {
    const { clock } = this.#context;
    const readOut = closed.then(() => this.#consumed()).then(() => true);
    for (let grants = 0; grants < PIPE_GRANTS; grants += 1) {
      if (await within(clock, PIPE_IDLE_MS, readOut)) return;
      if (this.#child.stdout.readableLength + this.#output.readableLength === 0) break;
    }
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
  }

  /** Resolves when whoever reads the output has read it all. Nobody may have begun; then it waits for him, and nothing waits here. */
  async #consumed(): Promise<void> {
    const isRead = this.#output.readableFlowing !== null || this.#output.listenerCount("readable") > 0;
    if (isRead) await finished(this.#output, { writable: false }).catch(() => undefined);
  }
}
