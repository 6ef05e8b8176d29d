/** A running timer; `cancel` is idempotent and safe after it fired. */
export type Timer = { cancel(): void };

/**
 * The only source of time. Everything that waits or stamps takes a clock, so that tests and the simulator move time by hand (D-26, A-18).
 * `now` is wall-clock milliseconds since the epoch and may jump; `monotonic` is milliseconds that only grow and is what deadlines use.
 */
export type Clock = {
  now(): number;
  monotonic(): number;
  after(ms: number, run: () => void): Timer;
};

/** Node's longest timer, in ms; a longer wait is cut to it and re-armed by its owner (session-model 13: 2,147,483,647). */
export const MAX_TIMER_MS = 2_147_483_647;

/** The machine's clock. Its timers do not keep the process alive by themselves: owners close what they started. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(Math.max(ms, 0), MAX_TIMER_MS));
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Waits `ms` on the given clock; resolves early, without error, when the signal aborts. */
export function wait(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = () => {
      timer.cancel();
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const timer = clock.after(ms, finish);
    signal?.addEventListener("abort", finish, { once: true });
  });
}

/** The promise's outcome, or `undefined` once `ms` passed first. The promise itself goes on; its late rejection is swallowed. */
export async function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: Timer | undefined;
  const deadline = new Promise<undefined>((resolve) => {
    timer = clock.after(ms, () => resolve(undefined));
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    timer?.cancel();
    promise.catch(() => undefined);
  }
}
