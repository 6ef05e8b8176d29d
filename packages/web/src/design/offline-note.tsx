import { RefreshCw, WifiOff } from "lucide-react";
import { Button } from "./button.tsx";
import { span } from "./time.ts";

/** The server cannot be reached: one line over the top of what follows, which it does not move. */
export function OfflineNote({ lastedMs, onRetry }: { lastedMs: number; onRetry: () => void }) {
  return (
    <div className="relative z-20 h-0 shrink-0">
      <div
        role="status"
        className="absolute inset-x-0 top-0 flex min-h-11 items-center gap-2 border-b border-attention/40 bg-attention-wash px-3 py-1.5 text-sm"
      >
        <WifiOff size={16} className="text-attention" />
        <span className="min-w-0 flex-1">
          No connection to the server for {span(lastedMs)}. This page shows what was known then, and catches
          up by itself.
        </span>
        <Button size="small" onClick={onRetry}>
          <RefreshCw size={14} /> Try now
        </Button>
      </div>
    </div>
  );
}
