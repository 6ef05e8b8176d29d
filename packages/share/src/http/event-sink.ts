/** Events of a share as server-sent events (I-5): the frames of spec/interfaces.md section 0, and a heartbeat once a stream is live. */
import type { EventStream } from "@holdfast/edge";
import type { Clock, Timer } from "@holdfast/kernel";
import { HEARTBEAT_MS } from "@holdfast/protocol";
import type { ShareControl, ShareEvent, ShareSink } from "../service/index.ts";

/** Frames of what was committed together, for as long as a reader needs them: one encoding serves all of them (S-19). */
const FRAMES = new WeakMap<readonly ShareEvent[], Buffer>();

const HEARTBEAT = Buffer.from("event: heartbeat\ndata: {}\n\n");

export function createEventSink(stream: EventStream, clock: Clock): ShareSink {
  let beat: Timer | undefined;
  const scheduleBeat = (): void => {
    beat = clock.after(HEARTBEAT_MS, () => {
      stream.write(HEARTBEAT);
      scheduleBeat();
    });
  };
  return {
    control(control) {
      stream.write(controlFrame(control));
      if (control.type === "caught-up") scheduleBeat();
    },
    deliver: (events) => stream.write(framesOf(events)),
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

function framesOf(events: readonly ShareEvent[]): Buffer {
  const known = FRAMES.get(events);
  if (known !== undefined) return known;
  const frames = Buffer.from(events.map(eventFrame).join(""));
  FRAMES.set(events, frames);
  return frames;
}

/** `event.data` is JSON on one line already, so it is placed as it is. */
function eventFrame({ seq, prev, type, time, data }: ShareEvent): string {
  const before = prev === undefined ? "" : `"prev":${prev},`;
  return `id: ${seq}\nevent: ${type}\ndata: {"seq":${seq},${before}"type":"${type}","time":${time},"data":${data}}\n\n`;
}

/** It never carries an id, so no reader takes it for a place in the stream. */
const controlFrame = ({ type, data }: ShareControl): Buffer =>
  Buffer.from(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
