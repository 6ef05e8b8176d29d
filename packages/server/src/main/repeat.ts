import { type Clock, errorText, type Logger, type Timer } from "@holdfast/kernel";

/** Runs `work` again and again, `ms` after it last ended; a failure is logged and does not end it. */
export function repeat(clock: Clock, ms: number, logger: Logger, work: () => Promise<unknown>): Timer {
  let timer: Timer;
  let isCancelled = false;
  const run = () => {
    work()
      .catch((error: unknown) =>
        logger.warn({ error: errorText(error) }, "housekeeping failed; it runs again later"),
      )
      .finally(() => {
        if (!isCancelled) timer = clock.after(ms, run);
      });
  };
  timer = clock.after(ms, run);
  return {
    cancel() {
      isCancelled = true;
      timer.cancel();
    },
  };
}
