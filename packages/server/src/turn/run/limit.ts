/** What a turn makes of its agent's usage limit. Pure: time is passed in. */
import { type APIError, FURTHEST_RESET_MS, limitReset } from "@holdfast/protocol";
import type { AgentEvent, ChildEvent, PromptResult } from "../../agents/index.ts";

/** The result with the moment at which the limit that the prompt ended at is over, where its error tells that. */
export function withReset(result: PromptResult, now: number): PromptResult {
  if (result.outcome !== "failed" || result.error.name !== "APIError") return result;
  const resetAt = limitReset(result.error, now);
  if (resetAt === undefined) return result;
  return { ...result, error: { ...result.error, data: { ...result.error.data, resetAt } } };
}

/** The error of a failed try that the agent itself repeats later than `aheadMs` from now; nothing of one that a turn waits for, or of other events. */
export function farRetry(event: AgentEvent | ChildEvent, aheadMs: number, now: number): APIError | undefined {
  const failed = event.type === "retry" ? event.failed : undefined;
  if (failed === undefined || failed.next - now <= aheadMs) return undefined;
  const resetAt = Math.min(failed.next, now + FURTHEST_RESET_MS);
  return { ...failed.error, data: { ...failed.error.data, resetAt } };
}
