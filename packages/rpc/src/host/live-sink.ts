import type { Clock, HoldfastError, Timer } from "@holdfast/kernel";
import { HEARTBEAT_MS } from "@holdfast/protocol";
import { LiveStream } from "./live-stream.ts";

const HEARTBEAT = [JSON.stringify({ event: "heartbeat", data: {} })];

/** How a log's events and what is said between them are told. */
export type Telling<Event, Control, End> = {
  control(control: Control): string;
  /** A text for each event; what was committed together is the same array for every reader. */
  texts(events: readonly Event[]): readonly string[];
  /** What the reader is told of an end; nothing where it left by itself, or the log is over. */
  errorOf(end: End): HoldfastError | undefined;
};

/** A stream that takes what a log's hub delivers, with a heartbeat once it is live: what SSE says, a chunk to a frame. */
export function openLiveSink<Event, Control extends { type: string }, End>(
  clock: Clock,
  telling: Telling<Event, Control, End>,
): {
  live: LiveStream;
  sink: {
    control(control: Control): void;
    deliver(events: readonly Event[]): void;
    backlog(): number;
    drained(): Promise<void>;
    end(reason: End): void;
    onLeave(listener: () => void): void;
  };
} {
  const live = new LiveStream();
  let beat: Timer | undefined;
  const scheduleBeat = (): void => {
    beat = clock.after(HEARTBEAT_MS, () => {
      live.push(HEARTBEAT);
      scheduleBeat();
    });
  };
  live.onOver(() => beat?.cancel());
  const sink = {
    control(control: Control) {
      live.push([telling.control(control)]);
      if (control.type === "caught-up") scheduleBeat();
    },
    deliver: (events: readonly Event[]) => live.push(telling.texts(events)),
    backlog: () => live.backlog(),
    drained: () => live.drained(),
    end: (reason: End) => live.end(telling.errorOf(reason)),
    onLeave: (listener: () => void) => live.onLeave(listener),
  };
  return { live, sink };
}
