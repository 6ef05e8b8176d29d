/** Events as server-sent events (I-5): the frames of spec/interfaces.md section 3, and a heartbeat once a stream is live. */
import type { EventStream } from "@holdfast/edge";
import type { Clock, Timer } from "@holdfast/kernel";
import { type ControlType, HEARTBEAT_MS } from "@holdfast/protocol";
import type { Control, LogEvent, Sink, Target } from "../events/index.ts";
import { eventData } from "./event-text.ts";

/** Frames of what was committed together, for as long as a reader needs them (D-24). */
const ENCODED = new WeakMap<readonly LogEvent[], Buffer>();

const HEARTBEAT = controlFrame("heartbeat", {});

export function createEventSink(stream: EventStream, target: Target, clock: Clock): Sink {
  let beat: Timer | undefined;
  const scheduleBeat = (): void => {
    beat = clock.after(HEARTBEAT_MS, () => {
      stream.write(HEARTBEAT);
      scheduleBeat();
    });
  };
  return {
    control(control) {
      stream.write(controlFrame(control.type, dataOf(control, target)));
      if (control.type === "caught-up") scheduleBeat();
    },
    deliver: (events) => stream.write(encode(events)),
    backlog: () => stream.backlog(),
    drained: () => stream.drained(),
    end(reason) {
      beat?.cancel();
      if (reason === "overflow" || reason === "failed") stream.cut();
      else stream.end();
    },
    onLeave(listener) {
      stream.onClose(() => {
        beat?.cancel();
        listener();
      });
    },
  };
}

/** A reset names what to read instead of the events that cannot be replayed (D-23). */
function dataOf(control: Control, target: Target): object {
  return control.type === "reset" ? { ...control.data, state: statePaths(target) } : control.data;
}

function statePaths(target: Target): string[] {
  if (target.kind !== "session") return ["/api/sessions", "/api/permissions", "/api/questions"];
  const path = `/api/sessions/${target.sessionId}`;
  return [path, `${path}/messages`, `${path}/inputs?state=queued`];
}

function encode(events: readonly LogEvent[]): Buffer {
  const known = ENCODED.get(events);
  if (known !== undefined) return known;
  const frames = Buffer.from(events.map(eventFrame).join(""));
  ENCODED.set(events, frames);
  return frames;
}

function eventFrame(entry: LogEvent): string {
  return `id: ${entry.cursor}\nevent: ${entry.event.type}\ndata: ${eventData(entry)}\n\n`;
}

/** It never carries an id, so no reader takes it for a place in the log (D-23). */
function controlFrame(type: ControlType, data: object): Buffer {
  return Buffer.from(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
}
