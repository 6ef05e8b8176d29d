import { RefreshCw, WifiOff } from "lucide-react";
import { Button } from "./button.tsx";
import { span } from "./time.ts";

/** One line under the header while the server cannot be reached. */
export function OfflineNote({ lastedMs, onRetry }: { lastedMs: number; onRetry: () => void }) {
  return (
    <div
      role="status"
      className="flex shrink-0 items-center gap-2 border-b border-attention/40 bg-attention-wash px-3 py-1.5 text-sm"
    >
      <WifiOff size={16} className="text-attention" />
      <span className="min-w-0 flex-1">
        No connection to the server for {span(lastedMs)}. Your agents go on; this page catches up by itself.
      </span>
      <Button size="small" onClick={onRetry}>
        <RefreshCw size={14} /> Try now
      </Button>
    </div>
  );
}
