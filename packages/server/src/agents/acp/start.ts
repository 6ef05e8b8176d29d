/** The beginning of every connection: the program, and the protocol's first words. */
import { PROTOCOL_VERSION } from "@agentclientprotocol/sdk";
import { errorText } from "@holdfast/kernel";
import { launchProcess, LaunchError, type AgentProcess, type LaunchDeps } from "../../process/index.ts";
import { secretsOf } from "../../store/index.ts";
import { agentError } from "../agent-error.ts";
import type { AgentDefinition } from "../catalog/index.ts";
import { AgentFailure, type OpenRequest } from "../port.ts";
import type { Connection } from "./connection.ts";
import { protocolVersionOf } from "./features.ts";

/** Starts the program in the session's directory. Rejects with an `AgentFailure`. */
export async function launch(
  deps: LaunchDeps,
  definition: AgentDefinition,
  request: Pick<OpenRequest, "sessionId" | "agent" | "directory" | "mcpServers">,
): Promise<AgentProcess> {
  try {
    return await launchProcess(deps, {
      argv: definition.argv,
      cwd: request.directory,
      environment: definition.environment,
      sessionId: request.sessionId,
      agent: request.agent,
      secrets: secretsOf(request.mcpServers),
    });
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error;
    const facts = { agent: request.agent, phase: "spawn", message: error.message } as const;
    throw new AgentFailure("unavailable", agentError(facts));
  }
}

/** The answer to initialize. Rejects with an `AgentFailure`, also when the agent speaks another version of the protocol. */
export async function initialize(
  { id, quirks }: AgentDefinition,
  connection: Connection,
  { clientVersion, timeoutMs }: { clientVersion: string; timeoutMs: number },
): Promise<unknown> {
  const { readFiles, writeFiles } = quirks.clientCapabilities;
  const params = {
    protocolVersion: PROTOCOL_VERSION,
    clientInfo: { name: "holdfast", title: "Holdfast", version: clientVersion },
    clientCapabilities: {
      fs: { readTextFile: readFiles, writeTextFile: writeFiles },
      terminal: false,
      elicitation: { form: {}, url: {} },
      // What needs a terminal is told as the command to run in one.
      auth: { terminal: true },
    },
  };
  let answer: unknown;
  try {
    answer = await connection.request("initialize", "initialize", params, timeoutMs);
  } catch (error) {
    if (error instanceof AgentFailure) throw error;
    const facts = { agent: id, phase: "initialize", message: errorText(error) } as const;
    throw new AgentFailure("crashed", agentError({ ...facts, stderrTail: connection.process.stderrTail() }));
  }
  connection.initialized();
  const version = protocolVersionOf(answer);
  if (version === PROTOCOL_VERSION) return answer;
  const message = `${id} speaks version ${String(version)} of the protocol; version ${PROTOCOL_VERSION} is needed.`;
  throw new AgentFailure("unavailable", agentError({ agent: id, phase: "initialize", message }));
}
