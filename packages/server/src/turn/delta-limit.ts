import { MAX_EVENT_BYTES } from "@holdfast/protocol";

/** Most UTF-16 units of one delta: even when JSON writes each of them with six bytes, the event stays under its limit (D-4). */
export const MAX_DELTA_UNITS = Math.floor((MAX_EVENT_BYTES - 16_384) / 6);

/** The text in pieces of at most `limit` units, none of which ends inside a surrogate pair (D-12). */
export function pieces(text: string, limit: number = MAX_DELTA_UNITS): string[] {
  if (text.length <= limit) return text === "" ? [] : [text];
  const result: string[] = [];
  for (let start = 0; start < text.length;) {
    let end = Math.min(start + limit, text.length);
    const last = text.charCodeAt(end - 1);
    if (end < text.length && last >= 0xd800 && last <= 0xdbff) end -= 1;
    result.push(text.slice(start, end));
    start = end;
  }
  return result;
}
