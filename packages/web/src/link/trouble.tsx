import { type ConnectionMonitor, useNow, useStore } from "../data/index.ts";
import { OfflineNote } from "../design/index.ts";

/** Trouble that lasted this long is shown, in ms (I-16). */
const SHOWN_AFTER_MS = 3_000;

/** Says that the server cannot be reached, once that has lasted. */
export function Trouble({ monitor, onRetry }: { monitor: ConnectionMonitor; onRetry: () => void }) {
  const { state, since } = useStore(monitor.store);
  const now = useNow(1_000);
  if (state !== "offline") return null;
  return <OfflineNote lastedMs={Math.max(0, now - since) + SHOWN_AFTER_MS} onRetry={onRetry} />;
}
