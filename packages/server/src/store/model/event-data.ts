import { cleanText } from "@holdfast/kernel";
import { type EventData, type EventType, MAX_EVENT_BYTES, nameRow, SHORT_TEXT } from "@holdfast/protocol";

/**
 * The data as JSON, never larger than an event may be (D-4): a row that is too large is named only, and the reader fetches it; an event that keeps its
 * own data has short texts.
 */
export function encodeEvent<T extends EventType>(data: EventData<T>): string {
  const name = nameRow(data);
  if (name === undefined) return JSON.stringify(data, shorten);
  const json = JSON.stringify(data);
  if (json.length * 3 <= MAX_EVENT_BYTES) return json;
  return json.length <= MAX_EVENT_BYTES && Buffer.byteLength(json) <= MAX_EVENT_BYTES
    ? json
    : JSON.stringify(name);
}

const shorten = (_key: string, value: unknown): unknown =>
  typeof value === "string" && value.length > SHORT_TEXT ? cleanText(value.slice(0, SHORT_TEXT)) : value;
