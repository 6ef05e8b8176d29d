/** Resources of MCP servers over the whole way: listed, mentioned, read at admission, kept, and given to the agent. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { McpServer, Message, Part } from "@holdfast/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type HoldfastProcess,
  processesWith,
  startHoldfast,
  temporaryDirectory,
  until,
} from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";

const SERVER = join(import.meta.dirname, "../harness/mcp-server.ts");
const SECRET = "heron-hush-heron";
const notes = (NOTE: string): McpServer => ({
  type: "stdio",
  command: process.execPath,
  args: [SERVER],
  env: { NOTE },
});

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: HoldfastProcess;

beforeAll(async () => {
  directory = await temporaryDirectory("resources");
  server = await startHoldfast({ root: directory.path });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

async function sessionWith(mcpServers: Record<string, McpServer>) {
  const place = await server.place(`resources-${Object.keys(mcpServers).join("-")}-${Date.now()}`);
  return server.client.createSession({ directory: place, agent: "rehearsal", mcpServers });
}

/** The parts of what was asked, and all that was said. */
async function ask(sessionId: string, text: string): Promise<{ parts: Part[]; said: string }> {
  const asked = { parts: [{ type: "text" as const, text }], mentions: true };
  const waited = await server.client.admitInputAndWait(sessionId, asked, { timeoutMs: 120_000 });
  if (!waited.ended) throw new Error("The turn did not end.");
  const of = (role: Message["info"]["role"]) =>
    waited.messages.filter(({ info }) => info.role === role).flatMap(({ parts }) => parts);
  const said = of("assistant").flatMap((part) => (part.type === "text" ? [part.text] : []));
  return { parts: of("user"), said: said.join("") };
}

test("[R-8.4] what a server has is listed, and what is mentioned of it is kept as it was read, and given to the agent", async () => {
  const session = await sessionWith({ notes: notes(SECRET) });
  const { items, problems } = await server.client.listResources(session.id);
  expect(problems).toEqual([]);
  expect(items).toContainEqual({ server: "notes", uri: "note://text", name: "The note note://text" });

  const text = "GIVEN @mcp://notes/note://text, and @mcp://notes/note://both.";
  const { parts, said } = await ask(session.id, text);
  expect(said.split("\n").slice(0, 4)).toEqual([
    `resource note://text ${JSON.stringify(SECRET)}`,
    'resource note://both/a "first"',
    "image image/png",
    expect.stringContaining("note://both/c of the MCP server notes is left out"),
  ]);
  const source = (uri: string, value: string) => {
    const start = text.indexOf(value);
    return { type: "resource", clientName: "notes", uri, text: { value, start, end: start + value.length } };
  };
  expect(parts).toMatchObject([
    { type: "text", text },
    { type: "file", mime: "text/markdown", source: source("note://text", "@mcp://notes/note://text") },
    { type: "file", mime: "text/plain", source: source("note://both/a", "@mcp://notes/note://both") },
    { type: "file", mime: "image/png", source: source("note://both/b.png", "@mcp://notes/note://both") },
    {
      type: "text",
      synthetic: true,
      text: expect.stringContaining("application/zip is nothing that") as string,
    },
  ]);
  const kept = parts[1]?.type === "file" ? parts[1].url.replace("blob:", "") : "";
  expect(Buffer.from(await server.client.readBlob(session.id, kept)).toString()).toBe(SECRET);
});

test("[R-8.4] what cannot be read is told to the agent, without secrets, and the turn goes on", async () => {
  const gone: McpServer = { type: "stdio", command: "no-such-program-anywhere" };
  const session = await sessionWith({ notes: notes(SECRET) });
  const { parts, said } = await ask(
    session.id,
    "SAY done @mcp://notes/note://large @mcp://notes/note://nowhere @mcp://notes/note://empty",
  );
  expect(said).toContain("done");
  const told = parts
    .slice(1)
    .map((part) => (part.type === "text" && part.synthetic === true ? part.text : part));
  expect(told).toEqual([
    "[The resource note://large of the MCP server notes is left out: it has more than 10485760 bytes.]",
    expect.stringMatching(
      /note:\/\/nowhere of the MCP server notes could not be read: .*beside \[redacted\]/,
    ),
    "[The resource note://empty of the MCP server notes is empty.]",
  ]);
  expect(JSON.stringify(parts)).not.toContain(SECRET);
  await server.client.patchSession(session.id, { mcpServers: { gone } });
  expect(await server.client.listResources(session.id)).toMatchObject({
    problems: [{ server: "gone", message: "the program no-such-program-anywhere was not found" }],
  });
});

test("[R-8.4] a server that the session does not have is refused, and so are more than 16 resources", async () => {
  const session = await sessionWith({ notes: notes("a note") });
  const admit = (text: string) =>
    server.client.admitInput(session.id, { parts: [{ type: "text", text }], mentions: true });
  await expect(admit("SAY @mcp://other/note://text")).rejects.toMatchObject({ code: "UNPROCESSABLE" });
  const many = Array.from({ length: 17 }, (_, at) => `@mcp://notes/note://${at}`).join(" ");
  await expect(admit(`SAY ${many}`)).rejects.toMatchObject({ code: "UNPROCESSABLE" });
  const { items } = await server.client.listInputs(session.id);
  expect(items).toEqual([]);
});

test.runIf(isWhole)(
  "[R-8.4, A-10] a server that does not answer is given up, and no program is left",
  async () => {
    const mark = `mark-${Date.now()}`;
    const session = await sessionWith({ slow: notes(mark) });
    const { parts } = await ask(session.id, "SAY done @mcp://slow/note://hang");
    expect(parts[1]).toMatchObject({
      synthetic: true,
      text: expect.stringContaining("could not be read: it did not answer within 10 s") as string,
    });
    const agents = async () => processesWith(`NOTE=${mark}`);
    await until("the end of the programs", async () => (await agents()).length === 0);
  },
);

/** A program that asks without an end and reads no answer. */
const FLOOD = `
process.stdin.once("data", (line) => {
  const { id, params } = JSON.parse(String(line).split("\\n")[0]);
  process.stdin.pause();
  const result = { protocolVersion: params.protocolVersion, capabilities: { resources: {} }, serverInfo: { name: "flood", version: "1" } };
  process.stdout.write(JSON.stringify({ jsonrpc: "2.0", id, result }) + "\\n");
  const ping = JSON.stringify({ jsonrpc: "2.0", id: "p", method: "ping" }) + "\\n";
  const more = () => { while (process.stdout.write(ping.repeat(500))); process.stdout.once("drain", more); };
  more();
});`;

test("[R-8.4, D-34] a program that asks without an end and reads no answer is given up, and nobody else waits for it", async () => {
  const mark = `mark-${Date.now()}`;
  const flood: McpServer = {
    type: "stdio",
    command: process.execPath,
    args: ["-e", FLOOD],
    env: { NOTE: mark },
  };
  const session = await sessionWith({ flood });
  const { problems } = await server.client.listResources(session.id);
  expect(problems).toMatchObject([{ server: "flood" }]);
  expect(await server.client.health()).toMatchObject({ status: "ok" });
  const left = async () => processesWith(`NOTE=${mark}`);
  await until("the end of the program", async () => (await left()).length === 0);
});

test.runIf(isWhole)(
  "[R-8.4, D-21] a stream that tells nothing is given up, and keeps no server from ending",
  async () => {
    const silent = createServer((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(": nothing\n\n");
    }).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    await using root = await temporaryDirectory("silent-stream");
    const other = await startHoldfast({ root: root.path });
    const { id } = await other.client.createSession({
      directory: await other.place("silent"),
      agent: "rehearsal",
      mcpServers: { silent: { type: "sse", url: `http://127.0.0.1:${port}/sse` } },
    });
    const { problems } = await other.client.listResources(id);
    expect(problems).toMatchObject([
      { server: "silent", message: expect.stringContaining("did not answer") as string },
    ]);
    expect(await other.stop()).toBe(0);
    silent.closeAllConnections();
    silent.close();
  },
);
