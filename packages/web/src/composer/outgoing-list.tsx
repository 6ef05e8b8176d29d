import { RotateCcw, Undo2 } from "lucide-react";
import { Button, IconButton, Notice } from "../design/index.ts";
import type { Outgoing } from "./outbox.ts";
import { useLate } from "./use-late.ts";

type Props = {
  items: readonly Outgoing[];
  onRetry: () => void;
  onTakeBack: (item: Outgoing) => void;
};

/** What is on its way to the server and takes its time. */
export function OutgoingList({ items, onRetry, onTakeBack }: Props) {
  const isLate = useLate(items[0]?.key);
  const unanswered = items.find(({ state }) => state === "unanswered");
  if (items.length === 0 || (!isLate && unanswered === undefined)) return null;
  return (
    <section aria-label="Being sent" className="flex flex-col gap-1 text-sm">
      {unanswered !== undefined && (
        <Notice
          tone="attention"
          role="alert"
          action={
            <Button size="small" onClick={onRetry}>
              <RotateCcw size={14} /> Send again
            </Button>
          }
        >
          Nobody knows whether this arrived. Sent again, it is taken once. {unanswered.problem}
        </Notice>
      )}
      <ul>
        {items.map((item) => (
          <li key={item.key} className="flex min-h-7 items-center gap-2 px-1 text-ink-soft">
            <span className="min-w-0 flex-1 truncate">
              {item.text === "" ? item.files.map(({ name }) => name).join(", ") : item.text}
            </span>
            {item.state === "sending" || item.state === "waiting" ? (
              <span className="text-ink-faint">{item.state === "sending" ? "Sending" : "Next"}</span>
            ) : null}
            {item.state !== "sending" && (
              <IconButton label="Take back" onClick={() => onTakeBack(item)}>
                <Undo2 size={14} />
              </IconButton>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
