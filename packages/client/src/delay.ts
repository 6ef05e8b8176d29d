/** Waits `ms`; resolves early, without error, when the signal aborts. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal?.addEventListener("abort", finish, { once: true });
  });
}

/**
 * Delay before retry `attempt` (from 1), in ms: doubling from `baseMs` to `capMs`, and by `random` in [0, 1) somewhere in the upper half of that, so
 * that many who lost the same server do not come back at once. Pure.
 */
export function backoffMs(
  attempt: number,
  { baseMs, capMs }: { baseMs: number; capMs: number },
  random: number,
): number {
  const full = Math.min(capMs, baseMs * 2 ** Math.min(Math.max(attempt, 1) - 1, 20));
  return Math.round(full * (0.5 + random / 2));
}
