import type { Control, LogEvent } from "../events/index.ts";

/** Texts of what was committed together, for as long as a reader needs them (D-24). */
const TEXTS = new WeakMap<readonly LogEvent[], readonly string[]>();

/** An event's frame as JSON on one line, as server-sent events hold it. `event.data` is JSON already, so it is placed as it is. */
export function eventData({ event, prev }: LogEvent): string {
  let text = "{";
  if (event.seq !== undefined) text += `"seq":${event.seq},`;
  if (prev !== undefined) text += `"prev":${prev},`;
  text += `"type":"${event.type}","version":${event.version}`;
  if (event.sessionId !== undefined) text += `,"sessionId":"${event.sessionId}"`;
  if (event.seq === undefined && event.workspaceId !== undefined)
    text += `,"workspaceId":"${event.workspaceId}"`;
  text += `,"time":${event.time}`;
  if (event.turnId !== undefined) text += `,"turnId":"${event.turnId}"`;
  if (event.actor !== undefined) text += `,"actor":${JSON.stringify(event.actor)}`;
  return `${text},"data":${event.data}}`;
}

/** Events as chunks of a stream: the three fields of a server-sent event. */
export function eventTexts(events: readonly LogEvent[]): readonly string[] {
  const known = TEXTS.get(events);
  if (known !== undefined) return known;
  const texts = events.map(
    (entry) => `{"id":"${entry.cursor}","event":"${entry.event.type}","data":${eventData(entry)}}`,
  );
  TEXTS.set(events, texts);
  return texts;
}

export const controlText = ({ type, data }: Control): string => JSON.stringify({ event: type, data });
