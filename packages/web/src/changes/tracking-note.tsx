import type { Tracking, Uncaptured } from "@holdfast/protocol";
import { EyeOff } from "lucide-react";
import { Exact, Notice } from "../design/index.ts";
import { countOf, UNCAPTURED_WORDS } from "./words.ts";

/** Why changes are not followed here, when they are not. */
export function TrackingOff({ tracking }: { tracking: Tracking | undefined }) {
  if (tracking?.state !== "off") return null;
  return (
    <Notice tone="attention" role="status" icon={<EyeOff size={16} className="text-attention" />}>
      <span className="font-medium">Changes are not followed in this directory.</span>{" "}
      {tracking.reason ?? "The server does not say why."} What agents do here cannot be listed or taken back.
    </Notice>
  );
}

/** Turns whose work nobody saw, so that nobody wonders about changes of unknown origin (W-3, W-5). */
export function UnwatchedTurns({ tracking }: { tracking: Tracking | undefined }) {
  const turns = tracking?.unwatched ?? [];
  if (turns.length === 0) return null;
  return (
    <details className="border-t border-line px-3 py-2 text-sm">
      <summary className="text-ink-soft pointer-coarse:min-h-11">
        {countOf(turns.length, "turn")} not watched
      </summary>
      <p className="py-1 text-xs text-ink-faint">What changed meanwhile is listed with an unknown origin.</p>
      <ul className="text-xs">
        {turns.map(({ turnId, reason, time }) => (
          <li key={`${turnId} ${time}`} className="break-words">
            {new Date(time).toLocaleString()}: {reason}
          </li>
        ))}
      </ul>
    </details>
  );
}

/** What the newest snapshot does not hold, so that nobody takes it for unchanged (W-3). */
export function NotCaptured({ tracking }: { tracking: Tracking | undefined }) {
  if (tracking === undefined || tracking.uncapturedCount === 0) return null;
  const { uncaptured, uncapturedCount } = tracking;
  const groups = Map.groupBy(uncaptured, ({ reason }) => reason);
  return (
    <details className="border-t border-line px-3 py-2 text-sm">
      <summary className="text-ink-soft pointer-coarse:min-h-11">
        {countOf(uncapturedCount, "path")} not followed
      </summary>
      <p className="py-1 text-xs text-ink-faint">
        Changes there are not listed, and undo does not reach them.
      </p>
      {[...groups].map(([reason, items]) => (
        <Group key={reason} reason={reason} items={items} />
      ))}
      {uncapturedCount > uncaptured.length && (
        <p className="text-xs text-ink-faint">and {uncapturedCount - uncaptured.length} more</p>
      )}
    </details>
  );
}

function Group({ reason, items }: { reason: Uncaptured["reason"]; items: readonly Uncaptured[] }) {
  return (
    <div className="py-1">
      <h4 className="text-xs font-medium text-ink-soft">{UNCAPTURED_WORDS[reason]}</h4>
      <ul className="font-mono text-xs break-all">
        {items.map(({ path }) => (
          <li key={path}>
            <Exact text={path} />
          </li>
        ))}
      </ul>
    </div>
  );
}
