import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export type Exchange = { request: IncomingMessage; response: ServerResponse; url: URL; body: string };

/** A real HTTP server on loopback whose n-th request is answered by the n-th script, the last one for all further ones. Closed by the test's end. */
export async function scriptedServer(...scripts: ((exchange: Exchange) => void)[]) {
  const seen: Exchange[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      if (isStrange(request)) return void response.writeHead(404).end();
      const exchange = { request, response, url: new URL(request.url ?? "/", "http://x"), body };
      seen.push(exchange);
      scripts[Math.min(seen.length, scripts.length) - 1]?.(exchange);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  onTestFinished(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, close };
}

/** Of a client of another test, whose server had this port before it was killed. */
const isStrange = ({ headers, url = "" }: IncomingMessage): boolean =>
  url.startsWith("/api/auth/proof") || (headers.authorization ?? "Bearer secret") !== "Bearer secret";

export function sendJson(
  { response }: Exchange,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(value));
}

export const problem = (status: number, code: string) => ({
  type: "about:blank",
  title: "t",
  status,
  code,
  detail: `refused: ${code}`,
  requestId: "req",
});

/** Begins an event stream and writes the given frames. */
export function sendFrames({ response }: Exchange, ...frames: string[]): void {
  if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(frames.join(""));
}

export const hello = (lastSeq: number, storeId = "store-1") => control("hello", { storeId, lastSeq });

export const control = (type: string, data: unknown = {}) =>
  `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;

/** A todo event whose content names its seq. */
export function todo(seq: number, prev = seq - 1, more: Record<string, unknown> = {}): string {
  const sessionId = `ses_${"0".repeat(26)}`;
  const data = { todos: [{ content: `n${seq} \u{1f44b}`, status: "pending", priority: "low" }] };
  const event = { seq, prev, type: "todo.updated", version: 1, sessionId, time: seq, data, ...more };
  return `id: ${seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
