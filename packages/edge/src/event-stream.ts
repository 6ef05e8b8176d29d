import type { ServerResponse } from "node:http";
import type { Clock } from "@holdfast/kernel";
import { controlBytes, type ControlFrame } from "./event-frames.ts";
import { createLogSink, type LogSink } from "./log-sink.ts";

const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
  connection: "close",
};

/** A response that is a stream of server-sent events. */
export type EventStream = {
  /** Whole frames, in one write. */
  write(frames: Buffer): void;
  /** Bytes written that the socket has not taken yet. */
  backlog(): number;
  /** Resolves when the socket took everything, or is gone. */
  drained(): Promise<void>;
  /** Ends it when what was written is sent. */
  end(): void;
  /** Ends it at once. */
  cut(): void;
  /** Called when the response is over, whoever ended it. */
  onClose(listener: () => void): void;
};

/**
 * Begins the response and owns it from here on. Frames go straight to the node response, because the web framework's stream helper costs six times as
 * much (research: fan-out). The body ends with the connection instead of being cut into chunks, which would make four writes of each: a reader goes on
 * by its cursor whichever way a stream ends (D-22), so it need not know the one from the other.
 */
export function openEventStream(outgoing: ServerResponse): EventStream {
  outgoing.removeHeader("transfer-encoding");
  outgoing.writeHead(200, HEADERS);
  outgoing.flushHeaders();
  return {
    write(frames) {
      if (!outgoing.destroyed) outgoing.write(frames);
    },
    backlog: () => outgoing.writableLength,
    drained: () => drained(outgoing),
    end: () => void outgoing.end(),
    cut: () => void outgoing.destroy(),
    onClose(listener) {
      if (outgoing.destroyed) queueMicrotask(listener);
      else outgoing.once("close", listener);
    },
  };
}

function drained(outgoing: ServerResponse): Promise<void> {
  if (outgoing.destroyed || !outgoing.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      outgoing.off("drain", finish).off("close", finish);
      resolve();
    };
    outgoing.once("drain", finish).once("close", finish);
  });
}

/** A log's events as server-sent events. A reader that was too slow, or that nothing more can be read for, is cut; it goes on by its cursor. */
export function createStreamSink<Event, Control extends ControlFrame, End extends string>(
  clock: Clock,
  stream: EventStream,
  events: (events: readonly Event[]) => Buffer,
): LogSink<Event, Control, End> {
  const outlet = {
    write: (piece: Buffer) => stream.write(piece),
    backlog: () => stream.backlog(),
    drained: () => stream.drained(),
    end: (reason: End) => (reason === "overflow" || reason === "failed" ? stream.cut() : stream.end()),
    onLeave: (listener: () => void) => stream.onClose(listener),
  };
  return createLogSink(clock, outlet, { control: controlBytes, events });
}
