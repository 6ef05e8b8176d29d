import type { AnyMessage, AnyRequest, AnyResponse } from "@agentclientprotocol/sdk";

/** What one line of an agent is. `call` covers requests; notifications other than `session/update` are told by their method only. */
export type WireMessage =
  | { is: "update"; sessionId: string; update: Record<string, unknown> }
  | { is: "request"; message: AnyRequest }
  | { is: "response"; message: AnyResponse }
  | { is: "notification"; method: string; message: AnyMessage }
  | { is: "noise" };

export const SESSION_UPDATE = "session/update";

const NOISE: WireMessage = { is: "noise" };

/** Reads one line. Whatever is no JSON-RPC message of this protocol is noise; it is never answered (A-12). */
export function readLine(text: string): WireMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return NOISE;
  }
  if (!isObject(value) || value["jsonrpc"] !== "2.0") return NOISE;
  const { id, method, params } = value;
  const hasId = id === null || typeof id === "string" || (typeof id === "number" && Number.isFinite(id));
  if (method === undefined && hasId && ("result" in value || "error" in value)) {
    return { is: "response", message: value as AnyResponse };
  }
  if (typeof method !== "string") return NOISE;
  if (hasId) return { is: "request", message: value as AnyRequest };
  if (method !== SESSION_UPDATE) return { is: "notification", method, message: value as AnyMessage };
  const sessionId = isObject(params) ? params["sessionId"] : undefined;
  const update = isObject(params) ? params["update"] : undefined;
  return typeof sessionId === "string" && isObject(update) ? { is: "update", sessionId, update } : NOISE;
}

/**
 * The request that a dropped line would have answered, from its two ends: the id stands before the payload or at the very end, and there is no
 * method before the payload. `undefined` when it is no response or cannot be told.
 */
export function droppedResponseId(head: string, tail: string): string | number | undefined {
  const before =
    /^\s*\{((?:\s*"(?:jsonrpc|id)"\s*:\s*(?:"[^"\\]*"|-?\d+)\s*,)*)\s*"(?:result|error)"\s*:/.exec(head)?.[1];
  if (before === undefined) return undefined;
  const id =
    /"id"\s*:\s*("[^"\\]*"|-?\d+)/.exec(before)?.[1] ??
    /,\s*"id"\s*:\s*("[^"\\]*"|-?\d+)\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/.exec(tail)?.[1];
  return id === undefined ? undefined : (JSON.parse(id) as string | number);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
