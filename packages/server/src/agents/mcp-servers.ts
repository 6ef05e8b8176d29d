/** MCP servers as an agent can be started with them. */
import { resolve, sep } from "node:path";
import { withoutSecrets } from "@holdfast/kernel";
import { type Features, type GivenMcpServer, type SessionError, ungivable } from "@holdfast/protocol";
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

/** Most characters of a value that is no secret by its length: masking it would mask common words. */
const SHORT_VALUE = 5;

/** What must not stand in what the agent says of its servers: values of variables and headers. */
export function secretsOf(servers: readonly GivenMcpServer[]): string[] {
  return servers
    .flatMap((server) => Object.values((server.type === "stdio" ? server.env : server.headers) ?? {}))
    .filter((value) => value.length > SHORT_VALUE)
    .toSorted((one, other) => other.length - one.length);
}

/** A refusal of an agent without the values of its servers, which some agents repeat. */
export function maskedFailure(thrown: unknown, servers: readonly GivenMcpServer[]): unknown {
  if (!(thrown instanceof AgentFailure) || !("message" in thrown.error.data)) return thrown;
  const { kind, error } = thrown;
  const message = withoutSecrets(thrown.error.data.message, secretsOf(servers));
  return new AgentFailure(kind, { ...error, data: { ...error.data, message } } as SessionError);
}
