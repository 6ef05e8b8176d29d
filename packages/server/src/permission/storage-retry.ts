import { backoffMs, type Clock, isHoldfastError, wait } from "@holdfast/kernel";

/** Spacing of repeats while the store cannot write (D-34): 100 ms doubling to 5 s, without jitter since one process has one writer. */
const STORAGE_BACKOFF = { base: 100, cap: 5_000, jitter: 0 } as const;

export type StorageRetry = {
  clock: Clock;
  /** Ends the repeating; the last refusal is then thrown. */
  signal: AbortSignal;
  /** Called before each wait, with the number of the refusal from 1. */
  onRefused?: (attempt: number) => void | Promise<void>;
};

/**
 * Runs a store command and repeats it while the store answers STORAGE_UNAVAILABLE (D-34), until it works or the signal aborts; then once more at most.
 * Every other refusal is thrown at once. The command must be one that may be repeated.
 */
export async function retryStorage<T>(options: StorageRetry, command: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await command();
    } catch (error) {
      if (!isHoldfastError(error, "STORAGE_UNAVAILABLE") || options.signal.aborted) throw error;
      await options.onRefused?.(attempt);
      await wait(options.clock, backoffMs(attempt, STORAGE_BACKOFF, 0), options.signal);
    }
  }
}
