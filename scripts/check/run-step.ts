import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import process from "node:process";

/** How long a step that is past its deadline, or was asked to stop, may take to end after SIGTERM, in ms. */
const STOP_GRACE_MS = 5_000;
/** What is kept of a step's output, in characters; the end says what went wrong. */
const KEPT_OUTPUT = 1_000_000;

/** One check: a command line of package.json, run from the root. `live` prints its output as it comes. */
export type Step = { name: string; command: string; deadlineMs: number; live?: boolean };

/** How a step ended; `output` is empty for a live one. */
export type Outcome = { step: Step; passed: boolean; durationMs: number; output: string };

/**
 * Runs one step to its end and never rejects: a command that cannot be started, or is past its deadline, has failed. The pinned node
 * stands first in its PATH, it gets no stdin, and it runs under CI=true. Its whole process group ends with it, or with `stop`.
 */
export function runStep(root: string, step: Step, stop?: AbortSignal): Promise<Outcome> {
  const began = performance.now();
  const output: string[] = [];
  let kept = 0;
  const keep = (text: string): void => {
    output.push(text);
    for (kept += text.length; kept > KEPT_OUTPUT; kept -= output.shift()?.length ?? kept);
  };

  return new Promise((resolve) => {
    const child = spawn(step.command, {
      cwd: root,
      shell: true,
      detached: process.platform !== "win32",
      env: stepEnvironment(root),
      stdio: ["ignore", step.live ? "inherit" : "pipe", step.live ? "inherit" : "pipe"],
    });
    child.stdout?.setEncoding("utf8").on("data", keep);
    child.stderr?.setEncoding("utf8").on("data", keep);

    let killTimer: NodeJS.Timeout | undefined;
    const halt = (reason: string): void => {
      keep(`\n${reason}\n`);
      endGroup(child.pid, "SIGTERM");
      killTimer ??= setTimeout(() => endGroup(child.pid, "SIGKILL"), STOP_GRACE_MS);
    };
    const deadline = setTimeout(() => halt(`took longer than ${step.deadlineMs / 1000} s`), step.deadlineMs);
    const stopped = (): void => halt("stopped");
    stop?.addEventListener("abort", stopped, { once: true });
    if (stop?.aborted) stopped();

    const finish = (passed: boolean): void => {
      clearTimeout(deadline);
      clearTimeout(killTimer);
      stop?.removeEventListener("abort", stopped);
      resolve({ step, passed, durationMs: performance.now() - began, output: output.join("") });
    };
    child.once("error", (error) => {
      keep(error.message);
      finish(false);
    });
    child.once("close", (code) => finish(code === 0));
  });
}

/** Runs steps, at most `atOnce` at a time, in order of start; tells each outcome as it comes. */
export async function runSteps(
  root: string,
  steps: readonly Step[],
  atOnce: number,
  tell: (outcome: Outcome) => void,
  stop?: AbortSignal,
): Promise<Outcome[]> {
  const waiting = [...steps];
  const outcomes: Outcome[] = [];
  const lane = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const outcome = await runStep(root, step, stop);
      outcomes.push(outcome);
      tell(outcome);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return outcomes;
}

function stepEnvironment(root: string): NodeJS.ProcessEnv {
  const path = [join(root, "node_modules", ".bin"), process.env["PATH"] ?? ""].join(delimiter);
  const plain = process.stdout.isTTY ? {} : { NO_COLOR: "1", FORCE_COLOR: undefined };
  return { ...process.env, ...plain, PATH: path, CI: "true" };
}

function endGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
