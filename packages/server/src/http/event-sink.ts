/** Events of sessions and feeds as server-sent events (I-5): the frames of spec/interfaces.md section 3. */
import { createStreamSink, eventBytes, type EventStream } from "@holdfast/edge";
import type { Clock } from "@holdfast/kernel";
import type { Control, Sink, Target } from "../events/index.ts";
import { eventFrame } from "./event-frame.ts";

/** One encoding for all readers of a log (D-24). */
const encode = eventBytes(eventFrame);

export function createEventSink(stream: EventStream, target: Target, clock: Clock): Sink {
  const sink: Sink = createStreamSink(clock, stream, encode);
  return { ...sink, control: (control) => sink.control(withState(control, target)) };
}

/** A reset names what to read instead of the events that cannot be replayed (D-23). */
function withState(control: Control, target: Target): Control {
  if (control.type !== "reset") return control;
  const data = { ...control.data, state: statePaths(target) };
  return { type: "reset", data };
}

function statePaths(target: Target): string[] {
  if (target.kind !== "session") return ["/api/sessions", "/api/permissions", "/api/questions"];
  const path = `/api/sessions/${target.sessionId}`;
  return [path, `${path}/messages`, `${path}/inputs?state=queued`];
}
