import type { ControlType } from "@holdfast/protocol";
import type { CommittedEvent } from "../store/index.ts";

/**
 * One event of a session's own stream as an SSE frame. `prev` is the seq that precedes it for the reader (D-3). `event.data` is JSON
 * on one line already, so it is placed as it is.
 */
export function sessionFrame(event: CommittedEvent, prev: number): string {
  return `id: ${event.seq}\nevent: ${event.type}\ndata: {"seq":${event.seq},"prev":${prev},${tail(event)}`;
}

/** One event of the feed of a workspace or of everything; `id` is an opaque cursor, and there is no `prev`. */
export function feedFrame(event: CommittedEvent, id: string): string {
  const seq = event.seq === undefined ? "" : `"seq":${event.seq},`;
  return `id: ${id}\nevent: ${event.type}\ndata: {${seq}${tail(event)}`;
}

/** A control frame: it never carries an id, so no reader takes it for a place in the log (D-23). */
export function controlFrame(type: ControlType, data: Record<string, unknown>): string {
  return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

function tail(event: CommittedEvent): string {
  let text = `"type":"${event.type}","version":${event.version}`;
  if (event.sessionId !== undefined) text += `,"sessionId":"${event.sessionId}"`;
  if (event.seq === undefined && event.workspaceId !== undefined)
    text += `,"workspaceId":"${event.workspaceId}"`;
  text += `,"time":${event.time}`;
  if (event.turnId !== undefined) text += `,"turnId":"${event.turnId}"`;
  if (event.actor !== undefined) text += `,"actor":${JSON.stringify(event.actor)}`;
  return `${text},"data":${event.data}}\n\n`;
}
