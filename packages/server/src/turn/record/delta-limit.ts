import { MAX_DELTA_UNITS } from "@holdfast/protocol";

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
