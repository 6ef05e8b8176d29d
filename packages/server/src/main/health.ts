import { type Clock, within } from "@holdfast/kernel";
import { type Health, VERSION } from "@holdfast/protocol";

/** A health answer is reused for this long; the store must answer a write within the deadline to be called ok. */
const HEALTH_MS = 1_000;
const HEALTH_DEADLINE_MS = 2_000;

/** `ok` while the store answers a write in time; one probe serves everybody for a second. */
export function healthOf(clock: Clock, write: () => Promise<void>): () => Promise<Health> {
  let last: { at: number; health: Promise<Health> } | undefined;
  const probe = async (): Promise<Health> => {
    const answered = await within(
      clock,
      HEALTH_DEADLINE_MS,
      write().then(
        () => true,
        () => false,
      ),
    );
    return { status: answered === true ? "ok" : "degraded", version: VERSION };
  };
  return () => {
    if (last === undefined || clock.monotonic() - last.at > HEALTH_MS)
      last = { at: clock.monotonic(), health: probe() };
    return last.health;
  };
}
