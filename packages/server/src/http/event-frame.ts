import type { LogEvent } from "../events/index.ts";

/** An event as it is written for readers. Its payload is JSON already, so it is placed as it is. */
export function eventFrame({ event, prev, cursor }: LogEvent): { id: string; type: string; data: string } {
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
  return { id: cursor, type: event.type, data: `${text},"data":${event.data}}` };
}
