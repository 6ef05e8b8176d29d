/**
 * One command in a process group of its own, without stdin.
 *
 * - At its deadline, and when its signal aborts, the whole group is ended; the result comes once the shell is gone.
 * - What is kept of its output is bounded: the end of it. What it left running in the background holds the result for `DRAIN_MS` at most.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { type Clock, wait, within } from "@holdfast/kernel";
import { endGroup } from "./process-group.ts";

/** Characters of output that are kept: the last ones. */
const KEPT = 4 * 1024 * 1024;

/** How long output is waited for once the shell is gone, in ms; of what was stopped less, as it has 250 ms to settle (session-model 11.3). */
const DRAIN_MS = 200;
const ENDED_DRAIN_MS = 50;

/** The shell itself cannot outlive the ending of its group by more, in ms. */
const GONE_MS = 5_000;

/** How often growing output is shown, in ms, and characters of its end. */
const SHOW_MS = 300;
const SHOWN = 30_000;

/** `lost`: characters before those in `output` that were not kept. */
export type CommandEnd = {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  output: string;
  lost: number;
  ended?: "timeout" | "abort";
};

/** Rejects only when no shell can be started. */
export async function runCommand(
  command: string,
  options: {
    cwd: string;
    environment: Readonly<Record<string, string>>;
    timeoutMs: number;
    signal: AbortSignal;
    clock: Clock;
    show: (output: string) => void;
  },
): Promise<CommandEnd> {
  const { clock, signal } = options;
  const shell = existsSync("/bin/bash") ? "/bin/bash" : "/bin/sh";
  const child = spawn(shell, ["-c", command], {
    cwd: options.cwd,
    env: { ...options.environment },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = collect(child, clock, options.show);
  let ended: CommandEnd["ended"];
  const { promise: gone, resolve: giveUp } = Promise.withResolvers<undefined>();
  const stop = (why: NonNullable<CommandEnd["ended"]>) => {
    if (ended !== undefined || child.pid === undefined) return;
    ended = why;
    void endGroup(clock, child.pid)
      .then(() => wait(clock, GONE_MS))
      .then(() => giveUp(undefined));
  };
  const abort = () => stop("abort");
  const timer = clock.after(options.timeoutMs, () => stop("timeout"));
  signal.addEventListener("abort", abort, { once: true });
  try {
    const exited = exitOf(child);
    const isClosed = closed(child);
    if (signal.aborted) abort();
    const exit = (await Promise.race([exited, gone])) ?? { exitCode: null, signal: "SIGKILL" as const };
    await within(clock, ended === undefined ? DRAIN_MS : ENDED_DRAIN_MS, isClosed);
    return { ...exit, ...output.end(), ...(ended === undefined ? {} : { ended }) };
  } finally {
    timer.cancel();
    output.end();
    signal.removeEventListener("abort", abort);
    child.stdout?.destroy();
    child.stderr?.destroy();
    child.unref();
  }
}

function exitOf(child: ChildProcess): Promise<{ exitCode: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
  });
}

const closed = (child: ChildProcess): Promise<true> =>
  new Promise((resolve) => child.once("close", () => resolve(true)));

/** Both streams as they come. `end` stops showing, and answers what is kept. */
function collect(
  child: ChildProcess,
  clock: Clock,
  show: (output: string) => void,
): { end(): { output: string; lost: number } } {
  let [text, lost] = ["", 0];
  let timer: { cancel(): void } | undefined;
  const decoders: StringDecoder[] = [];
  const take = (piece: string) => {
    text += piece;
    if (text.length > 2 * KEPT) {
      lost += text.length - KEPT;
      text = text.slice(-KEPT);
    }
    timer ??= clock.after(SHOW_MS, () => {
      timer = undefined;
      show(text.slice(-SHOWN).toWellFormed());
    });
  };
  for (const stream of [child.stdout, child.stderr]) {
    const decoder = new StringDecoder("utf8");
    decoders.push(decoder);
    stream?.on("data", (bytes: Buffer) => take(decoder.write(bytes)));
    stream?.on("error", () => undefined);
  }
  return {
    end() {
      for (const decoder of decoders) text += decoder.end();
      timer?.cancel();
      const over = Math.max(0, text.length - KEPT);
      return { output: text.slice(over).toWellFormed(), lost: lost + over };
    },
  };
}
