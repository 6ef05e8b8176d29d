/** What capnweb would alter on its way, arguments and results alike, goes as its JSON text instead. */
import { parseJson } from "@holdfast/edge";
import { survivesRpc } from "@holdfast/protocol";

/** A value, or its JSON text. */
export const asSent = (value: unknown): unknown => (survivesRpc(value) ? value : JSON.stringify(value));

/** The one object of arguments as it was meant. Throws INVALID_REQUEST. */
export function asMeant(value: unknown): unknown {
  return typeof value === "string" ? parseJson(Buffer.from(value)) : value;
}
