import { join } from "node:path";
import { type McpServerStdio, methods } from "@agentclientprotocol/sdk";
import { afterEach, beforeEach, expect, test } from "vitest";
import { failureOf, type Scratch, scratch } from "./agent-process.ts";
import { SdkClient, select } from "./sdk-client.ts";

const SERVER = join(import.meta.dirname, "../../../test/harness/mcp-server.ts");
const words: McpServerStdio = {
  name: "words",
  command: process.execPath,
  args: [SERVER],
  env: [{ name: "WORD", value: "heron" }],
};

let place: Scratch;
let agent: SdkClient;

beforeEach(() => {
  place = scratch();
  agent = new SdkClient(place.home);
});
afterEach(async () => {
  await agent.close();
  place.remove();
});

async function opened(mcpServers: McpServerStdio[]): Promise<string> {
  await agent.initialize();
  const request = agent.connection.agent.request(methods.agent.session.new, { cwd: place.cwd, mcpServers });
  return (await request).sessionId;
}

const said = async (session: string, text: string) =>
  JSON.stringify((await agent.turn(session, text)).updates);

test("[A-2, A-25] CALL runs a tool of a server that the session was opened with, after it was allowed", async () => {
  const session = await opened([words]);
  agent.answer = () => select("reject_once");
  expect(await said(session, 'CALL words__tell {"name": "it"}')).toContain("permission was not given");
  agent.answer = () => select("allow_once");
  expect(await said(session, 'CALL words__tell {"name": "it"}')).toContain("it says heron");
  expect(agent.permissions.all[0]?.toolCall).toMatchObject({
    rawInput: { server: "words", tool: "tell", arguments: { name: "it" } },
  });
  const other = { ...words, env: [{ name: "WORD", value: "wren" }] };
  const { agent: connection } = agent.connection;
  const params = { sessionId: session, cwd: place.cwd, mcpServers: [other] };
  await connection.request(methods.agent.session.resume, params);
  expect(await said(session, "CALL words__tell")).toContain("nobody says wren");
});

test.each<[string, McpServerStdio, string, string]>([
  ["no such server", words, "CALL others__tell", "no MCP server is called others"],
  [
    "a program that is not there",
    { ...words, command: "/none/such" },
    "CALL words__tell",
    "cannot call words",
  ],
  ["a program that ends", { ...words, args: ["-e", "0"] }, "CALL words__tell", "cannot call words"],
  ["a refusal", { ...words, args: ["-e", refusing()] }, "CALL words__tell", "not today"],
])("[A-2] %s fails the call, not the turn", async (_what, server, line, text) => {
  const session = await opened([server]);
  expect(await said(session, line)).toContain(text);
});

function refusing(): string {
  const answer = '{ jsonrpc: "2.0", id, error: { code: 1, message: "not today" } }';
  return `require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
    const { id } = JSON.parse(line);
    if (id !== undefined) console.log(JSON.stringify(${answer}));
  });`;
}

test("[A-25] it takes no server over http, as it says", async () => {
  await agent.initialize();
  const server = { type: "http" as const, name: "docs", url: "http://127.0.0.1:1/", headers: [] };
  const request = agent.connection.agent.request(methods.agent.session.new, {
    cwd: place.cwd,
    mcpServers: [server],
  });
  expect(await failureOf(request)).toContain("no MCP server over http can be used");
});
