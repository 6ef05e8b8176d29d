/**
 * One thread for each job: a regular expression, a glob or a document may take for ever, and only a thread can be ended in the midst of it. What it found until
 * then is answered. Regular expressions are JavaScript's own: models write them, and an engine without backtracking would refuse some.
 */
import { Worker } from "node:worker_threads";
import type { Clock } from "@holdfast/kernel";
import { ToolError } from "../tool.ts";
import type { FoundLine, Job, Told } from "./jobs.ts";

export type { FoundLine } from "./jobs.ts";

/** How long a job may take, its thread's start included, in ms, and heap of its thread in MiB. */
const LINES_MS = 30_000;
const NAMES_MS = 10_000;
const MARKDOWN_MS = 15_000;
const HEAP_MIB = 256;

type Asking = { clock: Clock; signal: AbortSignal };

/** `gaveUp`: it was ended before it was done. */
type Outcome = { lines: FoundLine[]; done?: Extract<Told, { type: "done" }>; gaveUp?: "time" | "memory" };

/** Lines of files. What was found before the deadline is kept; `isWhole` is false then. */
export async function findLines(
  job: Omit<Extract<Job, { type: "lines" }>, "type">,
  asking: Asking,
): Promise<{ lines: FoundLine[]; isWhole: boolean; isCut: boolean; searched: number; passedOver: number }> {
  const { lines, done, gaveUp } = await ask({ type: "lines", ...job }, LINES_MS, asking);
  return {
    lines,
    isWhole: gaveUp === undefined,
    isCut: done?.isCut === true,
    searched: done?.searched ?? 0,
    passedOver: done?.passedOver ?? 0,
  };
}

/** Rejects with a `ToolError` when that takes too long. */
export async function matchNames(
  job: Omit<Extract<Job, { type: "names" }>, "type">,
  asking: Asking,
): Promise<string[]> {
  const { done } = await ask({ type: "names", ...job }, NAMES_MS, asking);
  if (done?.names === undefined)
    throw new ToolError("This pattern takes too long to match. Use a simpler one.");
  return done.names;
}

/** Undefined when that takes too long. */
export async function toMarkdown(html: string, asking: Asking): Promise<string | undefined> {
  const { done } = await ask({ type: "markdown", html }, MARKDOWN_MS, asking);
  return done?.markdown;
}

async function ask(job: Job, deadlineMs: number, { clock, signal }: Asking): Promise<Outcome> {
  signal.throwIfAborted();
  const lines: FoundLine[] = [];
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const worker = new Worker(new URL(`./tool-thread${extension}`, import.meta.url), {
    workerData: job,
    execArgv: [],
    env: {},
    name: "tool",
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
  });
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const timer = clock.after(deadlineMs, () => resolve({ lines, gaveUp: "time" }));
  const leave = () => reject(signal.reason as Error);
  signal.addEventListener("abort", leave, { once: true });
  worker.on("message", (told: Told) => {
    if (told.type === "found") lines.push(...told.lines);
    else resolve({ lines, done: told });
  });
  worker.on("error", (error: Error & { code?: string }) => {
    if (error.code === "ERR_WORKER_OUT_OF_MEMORY") resolve({ lines, gaveUp: "memory" });
    else reject(error);
  });
  worker.on("exit", () => reject(new Error("The thread of a tool has ended.")));
  try {
    return await promise;
  } finally {
    timer.cancel();
    signal.removeEventListener("abort", leave);
    await worker.terminate();
  }
}
