/** When an unwell server is restarted, and a silent stream reopened. Pure. */

export type HealthLimits = {
  /** Between two probes. */
  intervalMs: number;
  timeoutMs: number;
  /** Failures in a row, at least an interval apart, before anything is done. */
  failures: number;
  /** A server with running turns gets this much more. */
  busyGraceMs: number;
  /** A stream without a byte for this long is reopened; a heartbeat comes every 10 s. */
  silenceMs: number;
};

/** A-24's numbers; one slow answer under load once cost other products all running work. */
export const HEALTH_LIMITS: HealthLimits = {
  intervalMs: 15_000,
  timeoutMs: 5_000,
  failures: 6,
  busyGraceMs: 120_000,
  silenceMs: 35_000,
};

/** `failingSince`: when the count reached its limit. */
export type Health = {
  failures: number;
  lastFailureAt: number | undefined;
  failingSince: number | undefined;
};

export const WELL: Health = { failures: 0, lastFailureAt: undefined, failingSince: undefined };

/** The state after a probe. A failure that follows the last one faster than the interval is the same failure. */
export function afterProbe(health: Health, isWell: boolean, now: number, limits: HealthLimits): Health {
  if (isWell) return WELL;
  const { lastFailureAt } = health;
  if (lastFailureAt !== undefined && now - lastFailureAt < limits.intervalMs) return health;
  const failures = health.failures + 1;
  const failingSince = health.failingSince ?? (failures >= limits.failures ? now : undefined);
  return { failures, lastFailureAt: now, failingSince };
}

/** What to do now: a gone process is replaced at once, a deaf one after the failures, a busy deaf one after the grace. */
export function healthVerdict(
  health: Health,
  facts: { isGone: boolean; isBusy: boolean; now: number },
  limits: HealthLimits,
): "wait" | "restart" {
  if (facts.isGone) return "restart";
  if (health.failingSince === undefined) return "wait";
  if (!facts.isBusy) return "restart";
  return facts.now - health.failingSince >= limits.busyGraceMs ? "restart" : "wait";
}

/** Whether a stream that last brought something at `lastAt` is dead; one that we do not read is not. */
export function isSilent(
  stream: { lastAt: number; isRead: boolean },
  now: number,
  limits: HealthLimits,
): boolean {
  return stream.isRead && now - stream.lastAt >= limits.silenceMs;
}
