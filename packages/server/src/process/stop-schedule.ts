/** How patient a stop is, in ms (A-10; stdin grace from A-25's measured exits: 40 to 290 ms where stdin's end is obeyed). */
export type StopLimits = { eofGraceMs: number; termGraceMs: number; killDeadlineMs: number };

export const STOP_LIMITS: StopLimits = { eofGraceMs: 2_000, termGraceMs: 5_000, killDeadlineMs: 10_000 };

/** The rungs of the ladder in order: end of stdin, SIGTERM to the group, SIGKILL to the group and all that carries the launch id. */
export type Rung = "eof" | "term" | "kill" | "give-up";

/** When each rung begins, on the monotonic clock. */
export type StopSchedule = { termAt: number; killAt: number; giveUpAt: number };

/** `from` skips rungs; `withinMs` is the longest before SIGKILL, whatever the rungs' own patience. */
export type StopOptions = { from?: "eof" | "term" | "kill" | undefined; withinMs?: number | undefined };

/** The schedule of a stop that begins now. */
export function stopSchedule(options: StopOptions, now: number, limits: StopLimits): StopSchedule {
  const from = options.from ?? "eof";
  const latest = now + (options.withinMs ?? Number.MAX_SAFE_INTEGER);
  const termAt = Math.min(from === "eof" ? now + limits.eofGraceMs : now, latest);
  const killAt = Math.min(from === "kill" ? now : termAt + limits.termGraceMs, latest);
  return { termAt, killAt, giveUpAt: killAt + limits.killDeadlineMs };
}

/** A second stop can only hurry the first. */
export function hurried(one: StopSchedule, other: StopSchedule): StopSchedule {
  return {
    termAt: Math.min(one.termAt, other.termAt),
    killAt: Math.min(one.killAt, other.killAt),
    giveUpAt: Math.min(one.giveUpAt, other.giveUpAt),
  };
}

/** Where a stop stands at `now`, and when the next rung begins. */
export function rungAt(schedule: StopSchedule, now: number): { rung: Rung; until: number } {
  if (now < schedule.termAt && now < schedule.killAt) return { rung: "eof", until: schedule.termAt };
  if (now < schedule.killAt) return { rung: "term", until: schedule.killAt };
  if (now < schedule.giveUpAt) return { rung: "kill", until: schedule.giveUpAt };
  return { rung: "give-up", until: Number.POSITIVE_INFINITY };
}
