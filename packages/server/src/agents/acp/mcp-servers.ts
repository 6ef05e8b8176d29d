import type { McpServer } from "@agentclientprotocol/sdk";
import type { GivenMcpServer } from "@holdfast/protocol";

/** MCP servers as `session/new`, `session/load` and `session/resume` name them; those of stdio have no type there. */
export const acpServers = (servers: readonly GivenMcpServer[]): McpServer[] =>
  servers.map((server) => {
    const { name } = server;
    if (server.type === "stdio")
      return { name, command: server.command, args: server.args ?? [], env: pairs(server.env) };
    return { type: server.type, name, url: server.url, headers: pairs(server.headers) };
  });

const pairs = (values: Readonly<Record<string, string>> = {}) =>
  Object.entries(values).map(([name, value]) => ({ name, value }));
