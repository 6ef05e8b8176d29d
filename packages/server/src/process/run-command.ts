/**
 * Setup and teardown commands (W-2, W-11): a program and its arguments, without a shell, in a group of their own that ends as a whole.
 */
import { spawn } from "node:child_process";
import { type Clock, pointsGitElsewhere, Tail, within } from "@holdfast/kernel";
import { trySignal } from "./process-table.ts";

/** Characters of output that are kept, from the end (W-2). */
const TAIL_LENGTH = 8_192;
/** How long the rest of the output may take to arrive after the end, in ms. */
const OUTPUT_MS = 500;

export type CommandRun = {
  command: readonly string[];
  directory: string;
  environment: Readonly<Record<string, string>>;
  timeoutMs: number;
  clock: Clock;
  signal: AbortSignal;
  /** Told once it runs; what it returns is awaited before its end is. */
  onStart?: (pid: number) => Promise<void>;
};

export type CommandEnd = {
  ok: boolean;
  /** In words, when not ok. */
  reason?: string;
  tail: string;
};

/** Runs to the end, or ends the whole group at the deadline or when the server stops. Never rejects for what the command does. */
export async function runCommand(run: CommandRun): Promise<CommandEnd> {
  const [program = "", ...args] = run.command;
  const tail = new Tail(TAIL_LENGTH);
  const child = spawn(program, args, {
    cwd: run.directory,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: Object.fromEntries(Object.entries(run.environment).filter(([name]) => !isDropped(name))),
  });
  let cut: string | undefined;
  const stop = (why: string) => {
    cut ??= why;
    endGroup(child.pid);
  };
  const timer = run.clock.after(run.timeoutMs, () => stop(`did not end within ${run.timeoutMs / 1_000} s`));
  const leave = () => stop("was ended, because the server stops");
  run.signal.addEventListener("abort", leave, { once: true });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => tail.append(text));
  const ended = new Promise<string | undefined>((resolve) => {
    child.once("error", (error) => resolve(`could not be started: ${error.message}`));
    // Not `close`: something in the background that keeps the output open must not be waited for.
    child.once("exit", (code, signal) =>
      resolve(code === 0 ? undefined : `ended with ${code === null ? signal : `code ${code}`}`),
    );
  });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  try {
    if (run.signal.aborted) leave();
    if (child.pid !== undefined) await run.onStart?.(child.pid);
    const failure = await ended;
    await within(run.clock, OUTPUT_MS, closed);
    const reason = cut ?? failure;
    return reason === undefined
      ? { ok: true, tail: String(tail) }
      : { ok: false, reason, tail: String(tail) };
  } finally {
    timer.cancel();
    run.signal.removeEventListener("abort", leave);
    // What it left running in its group would go on in a directory that may be taken away.
    if (cut !== undefined) endGroup(child.pid);
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

const isDropped = (name: string): boolean => name.startsWith("HOLDFAST_") || pointsGitElsewhere(name);

/** SIGKILL to a whole group; one that is gone, or never began, is none. */
export function endGroup(pid: number | undefined): void {
  if (pid !== undefined) trySignal(-pid, "SIGKILL");
}
