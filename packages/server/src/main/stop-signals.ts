import type { Clock } from "@holdfast/kernel";

/** Two signals within this time are one: a Ctrl-C reaches the program twice through npm (D-21). In ms. */
const SAME_SIGNAL_MS = 500;

/** Resolves at the first SIGTERM or SIGINT. A later one, more than 500 ms after it, calls `insist` (D-21). */
export function stopSignals(clock: Clock, insist: () => void): { first: Promise<void>; dispose(): void } {
  let since: number | undefined;
  let resolve: () => void = () => undefined;
  const first = new Promise<void>((done) => {
    resolve = done;
  });
  const listener = () => {
    if (since === undefined) {
      since = clock.monotonic();
      resolve();
    } else if (clock.monotonic() - since > SAME_SIGNAL_MS) {
      insist();
    }
  };
  process.on("SIGTERM", listener).on("SIGINT", listener);
  return {
    first,
    dispose() {
      process.off("SIGTERM", listener).off("SIGINT", listener);
    },
  };
}
