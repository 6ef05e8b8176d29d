/**
 * Delay before try `attempt` (1 = the first retry), in ms: `base * 2^(attempt-1)`, at most `cap`, spread by `jitter` (0..1) of itself.
 * `random` is a number in [0, 1). Pure, so that tables can test it.
 */
export function backoffMs(
  attempt: number,
  limits: { base: number; cap: number; jitter: number },
  random: number,
): number {
  const full = Math.min(limits.cap, limits.base * 2 ** Math.min(Math.max(attempt, 1) - 1, 30));
  return Math.round(full * (1 - limits.jitter + limits.jitter * random));
}
