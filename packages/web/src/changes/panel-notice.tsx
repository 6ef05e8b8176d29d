import { isOpenChange } from "@holdfast/client";
import type { Change } from "@holdfast/protocol";
import { Button, Empty, Notice, Skeleton } from "../design/index.ts";
import type { ChangesView } from "./changes-store.ts";
import { TrackingOff } from "./tracking-note.tsx";
import { countOf } from "./words.ts";

/** How much is pending; while a turn works, that it may change. One line in one place, so that nothing moves. */
export function Summary({ view, isWorking }: { view: ChangesView; isWorking: boolean }) {
  const open = [...view.state.changes.values()].filter(isOpenChange);
  const sum = (of: (change: Change) => number) => open.reduce((all, change) => all + of(change), 0);
  return (
    <span className="min-w-0 flex-1 truncate px-2 text-xs text-ink-soft tabular-nums">
      {view.phase === "ready" && `${countOf(open.length, "file")} `}
      <span className="text-good">+{sum((change) => change.additions)}</span>{" "}
      <span className="text-danger">−{sum((change) => change.deletions)}</span>
      {isWorking && (
        <span role="status" className="text-busy">
          {" "}
          · a turn works here now
        </span>
      )}
    </span>
  );
}

/** What stands in the list's place, or above it. */
export function PanelNotice({ view, onLook }: { view: ChangesView; onLook: () => void }) {
  const { phase, error, state } = view;
  if (phase === "loading")
    return (
      <div className="p-4">
        <Skeleton lines={6} label="Reading the changes" />
      </div>
    );
  if (phase === "failed")
    return (
      <div className="p-3">
        <Notice
          tone="danger"
          role="alert"
          action={
            <Button size="small" onClick={onLook}>
              Try again
            </Button>
          }
        >
          The changes could not be read: {error}
        </Notice>
      </div>
    );
  if (state.tracking?.state === "off")
    return (
      <div className="p-3">
        <TrackingOff tracking={state.tracking} />
      </div>
    );
  if (state.changes.size === 0)
    return (
      <Empty title="No pending changes">
        What agents change here is listed with who did it, to be read, taken over or rejected.
      </Empty>
    );
  return null;
}
