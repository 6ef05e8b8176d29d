import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FEATURES, type Features, type GivenMcpServer } from "@holdfast/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { placeServers } from "./mcp-servers.ts";
import type { AgentFailure } from "./port.ts";

const features = Object.fromEntries(FEATURES.map((name) => [name, "no"])) as Features;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-mcp-"));
  await writeFile(join(directory, "tool"), "", { mode: 0o755 });
});
afterAll(() => rm(directory, { recursive: true }));

const place = () => ({ agent: "goose", features, directory, searchPath: directory });

test.each(["tool", "./tool"])("[A-25] %s is named by its absolute path", async (command) => {
  const servers: GivenMcpServer[] = [{ type: "stdio", name: "a", command, args: ["x"] }];
  expect(await placeServers(servers, place())).toEqual([
    { type: "stdio", name: "a", command: join(directory, "tool"), args: ["x"] },
  ]);
});

test.each<[string, GivenMcpServer, string]>([
  [
    "a program that is not there",
    { type: "stdio", name: "a", command: "none-such" },
    "mcpServers.a: the program none-such was not found.",
  ],
  [
    "a transport that the agent does not take",
    { type: "sse", name: "b", url: "http://127.0.0.1/" },
    "mcpServers.b: goose takes no MCP servers over sse.",
  ],
])("[A-7, A-25] %s is refused, not left out", async (_what, server, message) => {
  const refusal = await placeServers([server], place()).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ kind: "unavailable", error: { name: "AgentError" } });
  expect((refusal as AgentFailure).message).toContain(message);
});
