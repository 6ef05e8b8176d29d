import { backoffMs } from "./backoff.ts";
import { type Clock, wait } from "./clock.ts";
import type { HoldfastError } from "./error.ts";
import { storageRefusal } from "./storage-refusal.ts";

/** Spacing of repeats while nothing can be stored (D-34): 100 ms doubling to 5 s, without jitter since one process has one writer. */
const STORAGE_BACKOFF = { base: 100, cap: 5_000, jitter: 0 } as const;

/** How long something is repeated while storage refuses it, and who is told. */
export type StorageWait = {
  /** Ends the repeating; the last refusal is then thrown. */
  signal: AbortSignal;
  /** Called before each wait. What it throws ends the repeating. */
  onRefused?: (refusal: HoldfastError) => void | Promise<void>;
};

/**
 * Runs a store command, or what writes files, and repeats it while storage refuses (D-34), until it works or the signal aborts; then once more at
 * most. Everything else is thrown at once. It must be something that may be repeated.
 */
export async function retryStorage<T>(
  options: StorageWait & { clock: Clock },
  write: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write();
    } catch (error) {
      const refusal = storageRefusal(error);
      if (refusal === undefined || options.signal.aborted) throw error;
      await options.onRefused?.(refusal);
      await wait(options.clock, backoffMs(attempt, STORAGE_BACKOFF, 0), options.signal);
    }
  }
}
