import type { PermissionAnswer, PermissionAsk, TurnSink } from "./port.ts";

/** The prompt that runs: `over` aborts when it is being cancelled or has ended, whichever is first. */
export type RunningPrompt = {
  readonly sink: TurnSink;
  readonly over: AbortController;
  /** Calls whose permission request was answered with a yes. */
  readonly allowed: Set<string>;
};

/** Asks on behalf of the prompt; once that is over nobody can answer any more: `cancelled`. Never rejects. */
export async function askDuring(
  { sink, over }: RunningPrompt,
  request: PermissionAsk,
): Promise<PermissionAnswer> {
  if (over.signal.aborted) return "cancelled";
  const { promise: ended, resolve } = Promise.withResolvers<"cancelled">();
  const end = () => resolve("cancelled");
  over.signal.addEventListener("abort", end, { once: true });
  try {
    return await Promise.race([sink.ask(request).catch(() => "reject" as const), ended]);
  } finally {
    over.signal.removeEventListener("abort", end);
  }
}
