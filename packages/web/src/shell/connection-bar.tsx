import { RefreshCw, WifiOff } from "lucide-react";
import { useApp, useConnection, useNow } from "../data/index.ts";
import { Button, span } from "../design/index.ts";

/** Says that the server cannot be reached, once that has lasted 3 s (I-16). It lies over the view's own header, and moves nothing. */
export function ConnectionBar() {
  const { state, since } = useConnection();
  const app = useApp();
  const now = useNow(1_000);
  if (state !== "offline") return null;
  return (
    <div className="relative z-20 h-0 shrink-0">
      <div
        role="status"
        className="absolute inset-x-0 top-0 flex min-h-11 items-center gap-2 border-b border-attention/40 bg-attention-wash px-3 py-1.5 text-sm"
      >
        <WifiOff size={16} className="text-attention" />
        <span className="min-w-0 flex-1">
          No connection to the server for {span(Math.max(3_000, now - since + 3_000))}. Your agents go on;
          this page catches up by itself.
        </span>
        <Button size="small" onClick={() => app.wake()}>
          <RefreshCw size={14} /> Try now
        </Button>
      </div>
    </div>
  );
}
