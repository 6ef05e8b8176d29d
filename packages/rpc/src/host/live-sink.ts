import { type ControlFrame, controlText, createLogSink, type LogSink } from "@holdfast/edge";
import type { Clock, HoldfastError } from "@holdfast/kernel";
import { LiveStream } from "./live-stream.ts";

/** How a log's events and its end are told. */
export type Telling<Event, End> = {
  /** A text for each event; what was committed together is the same array for every reader. */
  texts(events: readonly Event[]): readonly string[];
  /** What the reader is told of an end; nothing where it left by itself, or the log is over. */
  errorOf(end: End): HoldfastError | undefined;
};

/** A stream that takes what a log's hub delivers, with a heartbeat once it is live: what SSE says, a chunk to a frame. */
export function openLiveSink<Event, Control extends ControlFrame, End>(
  clock: Clock,
  telling: Telling<Event, End>,
): { live: LiveStream; sink: LogSink<Event, Control, End> } {
  const live = new LiveStream();
  const outlet = {
    write: (texts: readonly string[]) => live.push(texts),
    backlog: () => live.backlog(),
    drained: () => live.drained(),
    end: (reason: End) => live.end(telling.errorOf(reason)),
    onLeave: (listener: () => void) => live.onLeave(listener),
  };
  const sink = createLogSink<Event, Control, End, readonly string[]>(clock, outlet, {
    control: (control) => [controlText(control)],
    events: (events) => telling.texts(events),
  });
  return { live, sink };
}
