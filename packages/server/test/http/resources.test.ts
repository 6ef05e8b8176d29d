/** Resources of MCP servers that are addresses: streamable HTTP, and the older one with server-sent events. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Admitted, ResourceList } from "@holdfast/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ServerUnderTest } from "./server-under-test.ts";

type Asked = { id?: number; method: string; params?: { uri?: string } };

const TOKEN = "heron-token-heron";

function answer({ method, params }: Asked): object {
  switch (method) {
    case "initialize":
      return {
        protocolVersion: "2025-06-18",
        capabilities: { resources: {} },
        serverInfo: { name: "docs", version: "1" },
      };
    case "resources/list":
      return { resources: [{ uri: "doc://a", name: "A", mimeType: "text/plain" }] };
    default:
      return {
        contents: [{ uri: params?.uri, text: params?.uri === "doc://huge" ? "x".repeat(17 << 20) : "of a" }],
      };
  }
}

/** `/mcp` answers each POST; `/sse` tells where to post, and answers on its stream. */
async function serve(request: IncomingMessage, response: ServerResponse, streams: Set<ServerResponse>) {
  if (request.headers["authorization"] !== `Bearer ${TOKEN}`) return void response.writeHead(401).end(TOKEN);
  if (request.method === "GET") {
    if (request.url !== "/sse") return void response.writeHead(405).end();
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("event: endpoint\ndata: /post\n\n");
    streams.add(response);
    return;
  }
  if (request.method !== "POST") return void response.writeHead(405).end();
  const asked = JSON.parse(await text(request)) as Asked;
  if (asked.id === undefined) return void response.writeHead(202).end();
  const said = JSON.stringify({ jsonrpc: "2.0", id: asked.id, result: answer(asked) });
  if (request.url === "/mcp")
    return void response.writeHead(200, { "content-type": "application/json" }).end(said);
  response.writeHead(202).end();
  for (const stream of streams) stream.write(`event: message\ndata: ${said}\n\n`);
}

let server: ServerUnderTest;
let docs: Server;
let url: string;
const streams = new Set<ServerResponse>();

beforeAll(async () => {
  server = await ServerUnderTest.start();
  docs = createServer((request, response) => void serve(request, response, streams));
  await new Promise<void>((resolve) => docs.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(docs.address() as AddressInfo).port}`;
});
afterAll(async () => {
  docs.closeAllConnections();
  docs.close();
  await server[Symbol.asyncDispose]();
});

const headers = { Authorization: `Bearer ${TOKEN}` };

test.each([
  ["http", "/mcp"],
  ["sse", "/sse"],
] as const)(
  "[R-8.4] resources of a server over %s are listed and read, with its headers",
  async (type, path) => {
    const mcpServers = { docs: { type, url: url + path, headers }, closed: { type, url: url + path } };
    const { id } = await server.call<{ id: string }>("POST", "/api/sessions", {
      directory: server.project,
      mcpServers,
    });
    const list = await server.call<ResourceList>("GET", `/api/sessions/${id}/resources`);
    expect(list.items).toEqual([{ server: "docs", uri: "doc://a", name: "A", mimeType: "text/plain" }]);
    expect(list.problems).toMatchObject([{ server: "closed" }]);
    const { message } = await server.call<Admitted>("POST", `/api/sessions/${id}/inputs`, {
      parts: [{ type: "text", text: "see @mcp://docs/doc://a and @mcp://docs/doc://huge" }],
      mentions: true,
    });
    expect(message.parts.slice(1)).toMatchObject([
      { type: "file", mime: "text/plain", source: { type: "resource", clientName: "docs", uri: "doc://a" } },
      { type: "text", synthetic: true },
    ]);
  },
);

test("[R-8.4] a client may name a resource itself, with the words that it came from or without; what is no reference to one is refused", async () => {
  const { id } = await server.call<{ id: string }>("POST", "/api/sessions", {
    directory: server.project,
    mcpServers: { docs: { type: "http", url: `${url}/mcp`, headers } },
  });
  const admit = (part: object, status: number) =>
    server.call<Admitted>(
      "POST",
      `/api/sessions/${id}/inputs`,
      { parts: [{ type: "file", mime: "text/plain", ...part }] },
      status,
    );
  const { message } = await admit({ url: "mcp://docs/doc://a" }, 202);
  expect(message.parts).toMatchObject([
    { type: "file", filename: "a", source: { uri: "doc://a", text: { value: "", start: 0, end: 0 } } },
  ]);
  await admit({ url: "mcp://docs" }, 422);
  await admit({ url: "mcp://other/doc://a" }, 422);
  const text = { value: "a", start: 2, end: 1 };
  await admit(
    { url: "mcp://docs/doc://a", source: { type: "resource", clientName: "docs", uri: "doc://a", text } },
    422,
  );
});
