import type { ShareControl, ShareEvent } from "../service/index.ts";

/** Texts of what was committed together, for as long as a reader needs them: one encoding serves all of them (S-19). */
const TEXTS = new WeakMap<readonly ShareEvent[], readonly string[]>();

/** Events as a frame of a WebSocket and a chunk of capnweb hold them: the three fields of a server-sent event. */
export function eventTexts(events: readonly ShareEvent[]): readonly string[] {
  const known = TEXTS.get(events);
  if (known !== undefined) return known;
  const texts = events.map(eventText);
  TEXTS.set(events, texts);
  return texts;
}

/** `event.data` is JSON already, so it is placed as it is. */
function eventText({ seq, prev, type, time, data }: ShareEvent): string {
  const before = prev === undefined ? "" : `"prev":${prev},`;
  return `{"id":"${seq}","event":"${type}","data":{"seq":${seq},${before}"type":"${type}","time":${time},"data":${data}}}`;
}

export const controlText = ({ type, data }: ShareControl): string => JSON.stringify({ event: type, data });
