import { isApiError } from "@holdfast/client";

/** A refusal that the same request would meet again. */
export function isFinal(error: unknown): boolean {
  return isApiError(error) && error.status < 500 && error.status !== 429;
}

/** Waits `ms`, or until the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
