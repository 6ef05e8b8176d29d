import { useApp, useConnection, useNow } from "../data/index.ts";
import { OfflineNote } from "../design/index.ts";

/** Says that the server cannot be reached, once that has lasted 3 s (I-16). It lies over the view's own header, and moves nothing. */
export function ConnectionBar() {
  const { state, since } = useConnection();
  const app = useApp();
  const now = useNow(1_000);
  if (state !== "offline") return null;
  return <OfflineNote lastedMs={Math.max(3_000, now - since + 3_000)} onRetry={() => app.wake()} />;
}
