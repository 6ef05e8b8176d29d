import { isObject, object, text, type Json } from "./json.ts";

/** One event of the stream, as far as it was understood. `sessionId` is absent on events of the whole server. */
export type WireEvent = { type: string; sessionId: string | undefined; properties: Json };

/** Reads an event; `undefined` for what is none. */
export function wireEvent(value: unknown): WireEvent | undefined {
  if (!isObject(value) || typeof value["type"] !== "string") return undefined;
  const properties = object(value["properties"]);
  const info = object(properties["info"]);
  const sessionId =
    text(properties["sessionID"]) ?? text(info["sessionID"]) ?? text(object(properties["part"])["sessionID"]);
  return { type: value["type"], sessionId, properties };
}
