/** How opencode is told its MCP servers: by its configuration, laid over the user's. */
import type { GivenMcpServer } from "@holdfast/protocol";
import { parse, type ParseError } from "jsonc-parser";
import { secretsOf } from "../../store/index.ts";
import type { AgentDefinition } from "../catalog/index.ts";
import { isObject, object, type Json } from "./json.ts";

/** opencode reads a configuration from it, after the user's own and the project's files. */
export const CONFIG_VARIABLE = "OPENCODE_CONFIG_CONTENT";

/** How long opencode waits for the tools of a server, in ms. Its own 5 s are too few for a program that is fetched first. */
const TOOLS_TIMEOUT_MS = 60_000;

/**
 * The definition with these servers in its environment; what the user has in that variable stays. Throws a RangeError when that is no JSON object. A process
 * has one configuration, so sessions with other servers get another process.
 */
export function withServers(
  definition: AgentDefinition,
  servers: readonly GivenMcpServer[],
  inherited: string | undefined,
): AgentDefinition {
  if (servers.length === 0) return definition;
  const { set } = definition.environment;
  const own = readConfig(set?.[CONFIG_VARIABLE] ?? inherited);
  const mcp = Object.fromEntries(servers.map((server) => [server.name, configOf(server)]));
  const content = JSON.stringify({ ...own, mcp: { ...object(own["mcp"]), ...mcp } });
  return {
    ...definition,
    environment: { ...definition.environment, set: { ...set, [CONFIG_VARIABLE]: content } },
    secrets: secretsOf(servers),
  };
}

function readConfig(text: string | undefined): Json {
  if (text === undefined || text.trim() === "") return {};
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  if (errors.length === 0 && isObject(value)) return value;
  throw new RangeError(`${CONFIG_VARIABLE} holds no JSON object, so no MCP servers can be added to it.`);
}

function configOf(server: GivenMcpServer): Json {
  const common = { enabled: true, timeout: TOOLS_TIMEOUT_MS };
  if (server.type === "stdio") {
    const { command, args = [], env = {} } = server;
    return { ...common, type: "local", command: [command, ...args], environment: env };
  }
  return { ...common, type: "remote", url: server.url, headers: server.headers ?? {} };
}
