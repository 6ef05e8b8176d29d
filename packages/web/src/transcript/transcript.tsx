import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { LiveSession, LiveView } from "../data/index.ts";
import { Button, Empty } from "../design/index.ts";
import { distanceToEnd, END_PX, Following } from "./following.ts";
import { RowView } from "./row-view.tsx";
import { type Notes, type Row, rowsOf } from "./rows.ts";

/** This close to the beginning, in px, older messages are read. */
const OLDER_PX = 1_200;

const ESTIMATES: Record<Row["kind"], number> = {
  user: 72,
  speaker: 32,
  part: 64,
  working: 32,
  note: 40,
  end: 28,
};

/** Whose history it is, and how to get more of it. */
export type History = Pick<LiveSession, "id" | "loadOlder">;

/** The history of a session: newest at the bottom, older pages above it on demand, drawn only where it is seen (I-16). */
export function Transcript(props: {
  live: History;
  view: Pick<LiveView, "state" | "older">;
  message: string | undefined;
  notes?: Notes;
}) {
  const { live, view, message, notes } = props;
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  const [content, setContent] = useState<HTMLDivElement | null>(null);
  const rows = useMemo(() => rowsOf(view.state, notes), [view.state, notes]);
  const [isAtEnd, setAtEnd] = useState(true);

  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller,
    estimateSize: (index) => ESTIMATES[rows[index]?.kind ?? "part"],
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 8,
    anchorTo: "end",
    scrollEndThreshold: END_PX,
    paddingStart: 16,
    paddingEnd: 16,
  });

  const following = useFollowing(scroller, content, message === undefined);
  useJump(live, view, rows, message, (index) => list.scrollToIndex(index, { align: "center" }));

  const onScroll = useCallback(() => {
    if (scroller === null) return;
    following.scrolled(scroller);
    setAtEnd(distanceToEnd(scroller) < END_PX);
    if (scroller.scrollTop < OLDER_PX) void live.loadOlder();
  }, [live, scroller, following]);
  useEffect(() => {
    if (scroller !== null && scroller.scrollTop < OLDER_PX) void live.loadOlder();
  }, [live, scroller, rows.length]);

  if (rows.length === 0)
    return (
      <div className="flex-1 overflow-auto">
        <Empty title="Say what you want done">
          The agent starts with your first message. Everything it does appears here, and stays.
        </Empty>
      </div>
    );
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={setScroller}
        onScroll={onScroll}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label="Conversation"
        className="scroll-area h-full outline-offset-[-2px] [overflow-anchor:none]"
      >
        {view.older === "loading" && (
          <div role="status" className="absolute inset-x-0 top-2 z-10 text-center text-xs text-ink-faint">
            Reading older messages
          </div>
        )}
        <div
          ref={setContent}
          className="relative mx-auto w-full max-w-3xl px-4"
          style={{ height: list.getTotalSize() }}
        >
          {list.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            return (
              <div
                key={item.key}
                ref={list.measureElement}
                data-index={item.index}
                className="absolute inset-x-4 top-0"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <RowView row={row} sessionId={live.id} />
              </div>
            );
          })}
        </div>
      </div>
      {!isAtEnd && (
        <Button
          className="absolute bottom-3 left-1/2 -translate-x-1/2 rounded-full shadow-float"
          size="small"
          onClick={() => list.scrollToEnd({ behavior: "smooth" })}
        >
          <ArrowDown size={14} /> To the newest
        </Button>
      )}
    </div>
  );
}

/** Keeps the end in sight while it is followed, whatever grows: a row, the list, or what stands below and takes its room. */
function useFollowing(box: HTMLElement | null, content: HTMLElement | null, atFirst: boolean): Following {
  const [following] = useState(() => new Following(atFirst));
  useLayoutEffect(() => {
    if (box !== null) following.laidOut(box);
  });
  useLayoutEffect(() => {
    if (box === null || content === null) return;
    const observer = new ResizeObserver(() => following.keepUp(box));
    observer.observe(box);
    observer.observe(content);
    following.keepUp(box);
    return () => observer.disconnect();
  }, [box, content, following]);
  return following;
}

/** Scrolls to the message of the address, reading older pages until it is there. */
function useJump(
  live: History,
  view: Pick<LiveView, "older">,
  rows: readonly Row[],
  message: string | undefined,
  show: (index: number) => void,
): void {
  const done = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (message === undefined || done.current === message) return;
    const index = rows.findIndex(
      (row) => row.key === message || ("messageId" in row && row.messageId === message),
    );
    if (index >= 0) {
      done.current = message;
      show(index);
    } else if (view.older === "some") {
      void live.loadOlder();
    }
  }, [live, view.older, rows, message, show]);
}
