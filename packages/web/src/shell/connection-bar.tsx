import { RefreshCw } from "lucide-react";
import { useApp, useConnection, useNow } from "../data/index.ts";
import { Button, Notice, OfflineNote } from "../design/index.ts";

/**
 * Says that the server cannot be reached, once that has lasted 3 s (I-16): over the view's own header, where it moves nothing. Or that the page does not try
 * any more, and why.
 */
export function ConnectionBar() {
  const { state, since, reason } = useConnection();
  const app = useApp();
  const now = useNow(1_000);
  const again = () => app.wake();
  if (state === "failed")
    return (
      <Notice
        tone="danger"
        role="alert"
        action={
          <Button size="small" onClick={again}>
            <RefreshCw size={14} /> Try now
          </Button>
        }
      >
        This page does not follow the server any more: {reason}
      </Notice>
    );
  if (state !== "offline") return null;
  return <OfflineNote lastedMs={Math.max(3_000, now - since + 3_000)} onRetry={again} />;
}
