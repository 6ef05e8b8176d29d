/** MCP servers as an agent can be started with them. */
import { resolve, sep } from "node:path";
import { type Features, type GivenMcpServer, ungivable } from "@holdfast/protocol";
import { agentError } from "./agent-error.ts";
import { findProgram } from "./catalog/index.ts";
import { AgentFailure } from "./port.ts";

export type ServerPlace = {
  agent: string;
  features: Features;
  /** Where relative commands begin. */
  directory: string;
  /** PATH of whoever will start the programs. */
  searchPath: string;
};

/**
 * The servers with absolute paths of their programs. Rejects with an `AgentFailure` that begins with the field where the agent takes no server of that
 * transport, or a program is not there: agents go on without it, and say so nowhere that a person looks.
 */
export async function placeServers(
  servers: readonly GivenMcpServer[],
  { agent, features, directory, searchPath }: ServerPlace,
): Promise<GivenMcpServer[]> {
  const refuse = (message: string) =>
    new AgentFailure("unavailable", agentError({ agent, phase: "open", message }));
  const reason = ungivable(agent, servers, { features, isOpen: true });
  if (reason !== undefined) throw refuse(reason);
  const placed: GivenMcpServer[] = [];
  for (const server of servers) {
    if (server.type !== "stdio") {
      placed.push(server);
      continue;
    }
    const { name, command } = server;
    const program = await findProgram(
      command.includes(sep) ? resolve(directory, command) : command,
      searchPath,
    );
    if (program === undefined) throw refuse(`mcpServers.${name}: the program ${command} was not found.`);
    placed.push({ ...server, command: program.path });
  }
  return placed;
}
