import type { Actor, Attention, EventData, RetryStatus, SessionStatus, Turn } from "@holdfast/protocol";

/** The status of a session by what its rows say (D-10). `isAsking`: it has an open permission request or question; `isRetrying`: its step waits for a retry. */
export function sessionStatus(rows: {
  isLive: boolean;
  isAsking: boolean;
  isRetrying: boolean;
}): SessionStatus {
  if (!rows.isLive) return "idle";
  if (rows.isAsking) return "waiting";
  return rows.isRetrying ? "retry" : "busy";
}

/** The data of `session.status`: what the step waits for is told in status `retry` only. */
export const statusData = (
  status: SessionStatus,
  retry: RetryStatus | undefined,
): EventData<"session.status"> =>
  status === "retry" && retry !== undefined ? { status, retry } : { status };

/** What a session that asks nothing wants of a human, by its turn that started last. */
export function attentionAfter(last: Pick<Turn, "state" | "reason"> | undefined): Attention {
  if (last?.state === "failed") return "failed";
  return last?.state === "aborted" && last.reason === "interrupted" ? "interrupted" : "none";
}

/**
 * What a command is to its session; each says it where it opens the log (D-29). `work` moves the session to the top of lists, `asked` does unless
 * the program did it by itself, and `upkeep` leaves it where it is.
 */
export type Activity = "work" | "asked" | "upkeep";

export const movesSession = (activity: Activity, { kind }: Actor): boolean =>
  activity === "work" || (activity === "asked" && kind !== "system");
