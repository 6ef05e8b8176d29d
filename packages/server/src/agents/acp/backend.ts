import { errorText, isHoldfastError, silentLogger } from "@holdfast/kernel";
import { abortedError, type Features } from "@holdfast/protocol";
import type { LaunchDeps } from "../../process/index.ts";
import { agentError } from "../agent-error.ts";
import type { AgentDefinition } from "../catalog/index.ts";
import { processFingerprint } from "../fingerprint.ts";
import { placeServers } from "../mcp-servers.ts";
import { AgentFailure, type AgentHandle, type Backend, type OpenRequest } from "../port.ts";
import type { ReadBlob } from "../read-blob.ts";
import { authMethodsOf } from "./auth-methods.ts";
import { authenticate } from "./authenticate.ts";
import { askForTasks } from "./background-tasks.ts";
import { Connection } from "./connection.ts";
import { Elicitations } from "./elicitation.ts";
import { featuresOf, versionOf } from "./features.ts";
import { fileMethods } from "./file-requests.ts";
import { AcpHandle } from "./handle.ts";
import { acpServers } from "./mcp-servers.ts";
import { ACP_TIMEOUTS, openSession, type AcpTimeouts } from "./open-session.ts";
import { SessionFeed } from "./session-feed.ts";
import { initialize, launch } from "./start.ts";

export type AcpBackendDeps = LaunchDeps & {
  /** How to run an agent; `undefined` when there is none of this id or its program is missing. */
  definition(agent: string): Promise<AgentDefinition | undefined>;
  /** Keeps what was seen of an agent. */
  learn(agent: string, seen: { version: string | undefined; features: Features }): Promise<void>;
  readBlob: ReadBlob;
  /** What agents may not touch through us, and where their worktrees stand (I-6). */
  dataDirectory: string;
  worktreeDirectory: string;
  /** Holdfast's own version, told to the agent. */
  clientVersion: string;
  timeouts?: Partial<AcpTimeouts> | undefined;
};

/** Any Agent Client Protocol agent over stdio, one child per agent session. */
export function createAcpBackend(deps: AcpBackendDeps): Backend {
  return {
    kind: "acp",
    open: (request) => open(deps, request),
    authenticate: (request) => authenticate(deps, request),
    async fingerprint(agent) {
      const definition = await deps.definition(agent);
      return definition && (await processFingerprint(definition, deps.environment));
    },
  };
}

async function open(deps: AcpBackendDeps, request: OpenRequest): Promise<AgentHandle> {
  const definition = await deps.definition(request.agent);
  if (definition === undefined) {
    const message = `The agent ${request.agent} is not installed, or has no such name.`;
    throw new AgentFailure("unavailable", agentError({ agent: request.agent, phase: "spawn", message }));
  }
  if (request.signal.aborted) throw new AgentFailure("aborted", abortedError("The opening was stopped."));
  // Taken before the start: what is replaced meanwhile makes it outdated, not up to date.
  const fingerprint = await processFingerprint(definition, deps.environment);
  const started = await launch(deps, definition, request);
  let handle: AcpHandle | undefined;
  const find = () => handle;
  const elicitations = new Elicitations(find);
  const files = { agent: request.agent, logger: deps.logger ?? silentLogger, find };
  const methods = { ...fileMethods(definition.quirks.clientCapabilities, files), ...elicitations.methods };
  const feed = new SessionFeed(request.idle, definition.quirks, Object.keys(methods));
  const connection = new Connection(started, {
    agent: request.agent,
    clock: deps.clock,
    listener: feed,
    answerPermission: (params) =>
      handle?.answerPermission(params) ?? Promise.resolve({ outcome: { outcome: "cancelled" } }),
    methods,
    elicitationComplete: (params) => elicitations.complete(params),
  });
  const abort = () => connection.abort("The opening was stopped.");
  request.signal.addEventListener("abort", abort, { once: true });
  if (request.signal.aborted) abort();
  try {
    handle = await openHandle(deps, request, { definition, fingerprint, connection, feed });
    await configure(handle, request);
    if (request.signal.aborted) throw await connection.failure("open");
    return handle;
  } catch (error) {
    await connection.stop({ from: "kill" });
    throw error;
  } finally {
    request.signal.removeEventListener("abort", abort);
  }
}

async function openHandle(
  deps: AcpBackendDeps,
  request: OpenRequest,
  started: { definition: AgentDefinition; fingerprint: string; connection: Connection; feed: SessionFeed },
): Promise<AcpHandle> {
  const { definition, fingerprint, connection, feed } = started;
  const timeouts = { ...ACP_TIMEOUTS, ...deps.timeouts };
  const { agent } = request;
  const initialized = await initialize(definition, connection, {
    clientVersion: deps.clientVersion,
    timeoutMs: timeouts.initializeMs,
  });
  const features = featuresOf(initialized);
  const version = versionOf(initialized) ?? definition.version;
  const servers = await placeServers(request.mcpServers, {
    agent,
    features,
    directory: request.directory,
    searchPath: deps.environment["PATH"] ?? "",
  });
  const authMethods = authMethodsOf(initialized, definition);
  const { openedBy, unsupported } = await openSession(connection, feed, {
    agent,
    authMethods,
    cwd: request.directory,
    mcpServers: acpServers(servers),
    known: request.backendSessionId,
    features,
    resumeBroken: definition.quirks.resumeBroken,
    timeouts,
    more: askForTasks(definition.quirks),
  });
  for (const attempt of unsupported) if (attempt !== "create") features[attempt] = "no";
  const modes = feed.state.offeredModes;
  features.modes = modes === "untold" ? "unknown" : modes === "none" ? "no" : "yes";
  const logger = deps.logger ?? silentLogger;
  deps.learn(agent, { version, features }).catch((error: unknown) => {
    logger.warn({ agent, error: errorText(error) }, "what was learnt of an agent could not be kept");
  });
  return new AcpHandle(
    connection,
    feed,
    {
      definition,
      sessionId: request.sessionId,
      backendSessionId: feed.sessionId ?? "",
      openedBy,
      version,
      features,
      authMethods,
      process: { fingerprint },
      place: {
        directory: request.directory,
        dataDirectory: deps.dataDirectory,
        worktreeDirectory: deps.worktreeDirectory,
      },
    },
    { clock: deps.clock, logger, readBlob: deps.readBlob, timeouts },
  );
}

/** Puts the new session into its approval mode before anything is asked of it; a mode that cannot be held is refused. */
async function configure(handle: AcpHandle, { agent, approvalMode, model }: OpenRequest): Promise<void> {
  try {
    await handle.configure({ approvalMode, model });
  } catch (error) {
    if (!isHoldfastError(error, "AGENT_UNAVAILABLE")) throw error;
    const facts = { agent, phase: "open", message: error.message } as const;
    throw new AgentFailure("unavailable", agentError(facts));
  }
}
