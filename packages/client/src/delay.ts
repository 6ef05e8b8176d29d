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

/** Delay before retry `attempt` (from 1), in ms: doubling from `base` to `cap`, and somewhere in the upper half of that. */
export function jitteredBackoffMs(attempt: number, base: number, cap: number): number {
  const full = Math.min(cap, base * 2 ** Math.min(Math.max(attempt, 1) - 1, 20));
  return Math.round(full * (0.5 + Math.random() / 2));
}
