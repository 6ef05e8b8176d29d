import { type Clock, HoldfastError, type Timer } from "@holdfast/kernel";
import { HEARTBEAT_MS } from "@holdfast/protocol";

/** Where the hub of a log tells one reader what comes, whatever the way to it is. */
export type LogSink<Event, Control, End> = {
  control(control: Control): void;
  /** In order. What was committed together is the same array for every reader, so that one encoding serves them all. */
  deliver(events: readonly Event[]): void;
  /** Bytes that the reader has not taken yet. */
  backlog(): number;
  /** Resolves when the reader took everything, or is gone. */
  drained(): Promise<void>;
  end(reason: End): void;
  /** Called when the reader went away by itself. */
  onLeave(listener: () => void): void;
};

/** A way to one reader, for pieces as this way takes them. */
export type Outlet<Piece, End> = Pick<
  LogSink<never, never, End>,
  "backlog" | "drained" | "end" | "onLeave"
> & {
  write(piece: Piece): void;
};

/** How what comes is written as pieces. */
export type Writing<Event, Control, Piece> = {
  control(control: Control | { type: "heartbeat"; data: Record<string, never> }): Piece;
  events(events: readonly Event[]): Piece;
};

/** A sink over an outlet, with a heartbeat once its reader is live. */
export function createLogSink<Event, Control extends { type: string }, End, Piece>(
  clock: Clock,
  outlet: Outlet<Piece, End>,
  writing: Writing<Event, Control, Piece>,
): LogSink<Event, Control, End> {
  let beat: Timer | undefined;
  const scheduleBeat = (): void => {
    beat = clock.after(HEARTBEAT_MS, () => {
      outlet.write(writing.control({ type: "heartbeat", data: {} }));
      scheduleBeat();
    });
  };
  return {
    control(control) {
      outlet.write(writing.control(control));
      if (control.type === "caught-up") scheduleBeat();
    },
    deliver: (events) => outlet.write(writing.events(events)),
    backlog: () => outlet.backlog(),
    drained: () => outlet.drained(),
    end(reason) {
      beat?.cancel();
      outlet.end(reason);
    },
    onLeave: (listener) =>
      outlet.onLeave(() => {
        beat?.cancel();
        listener();
      }),
  };
}

/** What a reader is told of an end that is the same in every log: nothing of its own leaving, or of the end of the log. */
export function endError(reason: "overflow" | "failed" | "left" | "over"): HoldfastError | undefined {
  switch (reason) {
    case "overflow":
      return new HoldfastError("RATE_LIMITED", "The reader was too slow; go on from its last seq.");
    case "failed":
      return new HoldfastError("INTERNAL", "The events could not be read on.");
    case "left":
    case "over":
      return undefined;
  }
}
