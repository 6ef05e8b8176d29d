import type { ServerResponse } from "node:http";

/** What a route answers: JSON from `body`, or `bytes` as they are, or nothing. */
export type Reply = {
  status: number;
  body?: unknown;
  bytes?: Uint8Array;
  headers?: Record<string, string>;
};

/** The response belongs to a stream that goes on by itself. */
export const STREAMING = Symbol("streaming");

/** Writes a reply to the raw response, once; a response that has begun or is gone is left alone. */
export function send(outgoing: ServerResponse, reply: Reply): void {
  if (outgoing.headersSent || outgoing.destroyed) return;
  const headers: Record<string, string | number> = { ...reply.headers };
  const bytes =
    reply.bytes ?? (reply.body === undefined ? undefined : Buffer.from(JSON.stringify(reply.body)));
  if (bytes !== undefined) {
    headers["content-type"] ??= "application/json";
    headers["content-length"] = bytes.byteLength;
  } else if (reply.status !== 204) headers["content-length"] = 0;
  outgoing.writeHead(reply.status, headers);
  outgoing.end(bytes);
}
