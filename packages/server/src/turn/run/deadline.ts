/**
 * When a running turn is called stalled and when it is given up. Pure decisions over what was seen and the time; every time is
 * monotonic milliseconds. Waiting for a human counts for nothing.
 */
export type DeadlineLimits = {
  /** Without any AgentEvent: shown as stalled (A-18: 2 min). */
  stalledMs: number;
  /** Without any AgentEvent: given up (A-18: 20 min). */
  idleMs: number;
  /** The same while a tool runs (A-18: 60 min). */
  toolIdleMs: number;
  /** In all (A-18: 12 h). */
  totalMs: number;
};

/** What was seen of a turn so far. */
export type Activity = {
  startedAt: number;
  /** Of the newest AgentEvent, or of the human's answer if that came later. */
  lastAt: number;
  toolRunning: boolean;
  /** Since when a human is asked, if one is. */
  humanSince: number | undefined;
  /** Time spent waiting for humans before that. */
  humanMs: number;
};

export type Limit = "idle" | "toolIdle" | "total";

/** `checkInMs`: when the verdict may change by time alone; absent while only a human can change it. */
export type Verdict =
  | { verdict: "active" | "stalled"; checkInMs: number | undefined }
  | { verdict: "timeout"; limit: Limit; limitMs: number };

/** A turn that starts now. */
export const startActivity = (now: number): Activity => ({
  startedAt: now,
  lastAt: now,
  toolRunning: false,
  humanSince: undefined,
  humanMs: 0,
});

/** Some AgentEvent came. */
export const noteEvent = (activity: Activity, now: number, toolRunning: boolean): Activity => ({
  ...activity,
  lastAt: Math.max(activity.lastAt, now),
  toolRunning,
});

/** The number of open questions to humans changed. */
export function noteHumans(activity: Activity, now: number, open: number): Activity {
  if (open > 0) return activity.humanSince === undefined ? { ...activity, humanSince: now } : activity;
  if (activity.humanSince === undefined) return activity;
  return {
    ...activity,
    humanSince: undefined,
    humanMs: activity.humanMs + (now - activity.humanSince),
    lastAt: now,
  };
}

/** What to do at `now`. */
export function judge(activity: Activity, limits: DeadlineLimits, now: number): Verdict {
  if (activity.humanSince !== undefined) return { verdict: "active", checkInMs: undefined };
  const ran = now - activity.startedAt - activity.humanMs;
  if (ran >= limits.totalMs) return { verdict: "timeout", limit: "total", limitMs: limits.totalMs };
  const silent = now - activity.lastAt;
  const idle: Limit = activity.toolRunning ? "toolIdle" : "idle";
  const idleMs = activity.toolRunning ? limits.toolIdleMs : limits.idleMs;
  if (silent >= idleMs) return { verdict: "timeout", limit: idle, limitMs: idleMs };
  const end = Math.min(limits.totalMs - ran, idleMs - silent);
  if (silent >= limits.stalledMs) return { verdict: "stalled", checkInMs: end };
  return { verdict: "active", checkInMs: Math.min(end, limits.stalledMs - silent) };
}

/** A sentence for the turn's error. */
export function timeoutText(limit: Limit, limitMs: number): string {
  const span = limitMs >= 60_000 ? `${Math.round(limitMs / 60_000)} min` : `${Math.round(limitMs / 1_000)} s`;
  if (limit === "total") return `The turn ran for ${span}, the most a turn may take, and was stopped.`;
  return `The agent was silent for ${span}${limit === "toolIdle" ? " while a tool ran" : ""} and was stopped.`;
}
