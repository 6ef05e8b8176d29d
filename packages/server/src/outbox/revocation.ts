/** How often a revocation is tried that its service has not confirmed (S-2): by the clock since the first try that failed, so that a machine that slept has not lost its tries. */

const DAY_MS = 86_400_000;
/** For so long as often as anything else that is sent. */
const OFTEN_MS = DAY_MS;
/** For so long at all: a service that was away longer is told by whoever asks once more. As long as what was asked is kept for a restored service (S-24). */
const MOST_MS = 365 * DAY_MS;

/** ms between two tries once they are daily. */
export const DAILY_MS = DAY_MS;

/** `over`: nobody is asked any more until a person takes the share back once more. */
type Pace = "often" | "daily" | "over";

/** Of a revocation whose first try failed at `since`; ms since the epoch both. A clock that was set back makes it `often` again. */
export function paceOf(since: number | undefined, now: number): Pace {
  const waited = since === undefined ? 0 : now - since;
  if (waited < OFTEN_MS) return "often";
  return waited < MOST_MS ? "daily" : "over";
}
