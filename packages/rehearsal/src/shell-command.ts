/**
 * One shell command in a process group of its own.
 *
 * Invariants: at abort the whole group gets SIGTERM, after `KILL_GRACE_MS` SIGKILL; the result comes only after the shell is
 * gone; kept output is bounded; a background process that holds the pipe open delays the result by `DRAIN_MS` at most.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";

/** Longest output that is kept and sent, in UTF-16 code units. */
export const MAX_SHELL_OUTPUT = 1024 * 1024;

/** Longest run of one command; a host gives up a tool after 60 min, so this ends after every host did. */
export const MAX_SHELL_MS = 2 * 60 * 60 * 1000;

const KILL_GRACE_MS = 500;
const DRAIN_MS = 200;

/** How a command ended; `output` is stdout and stderr as they came. */
export type ShellResult = {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
};

const runningGroups = new Set<number>();

/** Kills every process group that still runs; for the end of the process, when nothing can be awaited. */
export function killShellGroups(): void {
  for (const group of runningGroups) signalGroup(group, "SIGKILL");
}

/** Runs a command; `onOutput` gets the whole kept output each time it has grown. Rejects only when no shell starts. */
export async function runShellCommand(
  command: string,
  options: {
    readonly cwd: string;
    readonly signal: AbortSignal;
    readonly onOutput: (output: string) => void;
  },
): Promise<ShellResult> {
  const shell = existsSync("/bin/bash") ? "/bin/bash" : "/bin/sh";
  const child = spawn(shell, ["-c", command], {
    cwd: options.cwd,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const collected = collectOutput(child, options.onOutput);
  const timers: NodeJS.Timeout[] = [];
  const stop = () => {
    signalGroup(child.pid, "SIGTERM");
    timers.push(setTimeout(() => signalGroup(child.pid, "SIGKILL"), KILL_GRACE_MS));
  };
  timers.push(setTimeout(stop, MAX_SHELL_MS));
  options.signal.addEventListener("abort", stop, { once: true });
  try {
    if (child.pid !== undefined) runningGroups.add(child.pid);
    if (options.signal.aborted) stop();
    const { exitCode, signal } = await exited(child);
    // What ignored SIGTERM in the group has lost its shell and would otherwise outlive the cancel.
    if (options.signal.aborted) signalGroup(child.pid, "SIGKILL");
    await closedWithin(child, DRAIN_MS);
    return { exitCode, signal, output: collected() };
  } finally {
    options.signal.removeEventListener("abort", stop);
    for (const timer of timers) clearTimeout(timer);
    if (child.pid !== undefined) runningGroups.delete(child.pid);
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
}

function collectOutput(child: ChildProcess, onOutput: (output: string) => void): () => string {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8");
    stream?.on("data", (text: string) => {
      const room = MAX_SHELL_OUTPUT - output.length;
      if (room <= 0) return;
      output += text.slice(0, room);
      onOutput(output);
    });
  }
  return () => output;
}

function exited(child: ChildProcess): Promise<{ exitCode: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
  });
}

/** Waits for the end of both output streams, but not longer than `ms`. */
async function closedWithin(child: ChildProcess, ms: number): Promise<void> {
  const deadline = AbortSignal.timeout(ms);
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream || stream.closed) continue;
    await once(stream, "close", { signal: deadline }).catch(() => {});
  }
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already.
  }
}
