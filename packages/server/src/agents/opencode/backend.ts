import { stat } from "node:fs/promises";
import { errorText, isHoldfastError, silentLogger, wait } from "@holdfast/kernel";
import { abortedError, type Features } from "@holdfast/protocol";
import type { LaunchDeps } from "../../process/index.ts";
import { agentError } from "../agent-error.ts";
import type { AgentDefinition } from "../catalog/index.ts";
import { processFingerprint } from "../fingerprint.ts";
import { KIND_FEATURES } from "../kind-features.ts";
import { placeServers } from "../mcp-servers.ts";
import { AgentFailure, type AgentHandle, type Backend, type OpenRequest } from "../port.ts";
import type { ReadBlob } from "../read-blob.ts";
import type { OpencodeApi } from "./api.ts";
import { OpencodeHandle } from "./handle.ts";
import { text, type Json } from "./json.ts";
import { sessionRules } from "./permission-rules.ts";
import { CONFIG_VARIABLE, withServers } from "./server-config.ts";
import { SERVER_LIMITS, type OpencodeServer, type ServerLimits } from "./server.ts";
import { Servers } from "./servers.ts";
import { sessionFacts, workingAgent } from "./session-facts.ts";

export type OpencodeBackendDeps = LaunchDeps & {
  /** How to run an agent; `undefined` when there is none of this id or its program is missing. */
  definition(agent: string): Promise<AgentDefinition | undefined>;
  /** Keeps what was seen of an agent. */
  learn(agent: string, seen: { version: string | undefined; features: Features }): Promise<void>;
  readBlob: ReadBlob;
  limits?: Partial<ServerLimits> | undefined;
};

/** The backend, and what ends its servers: they outlive their handles, so the pool cannot. */
export type OpencodeBackend = Backend & {
  /** The process fingerprint that a handle would have if it were opened now. */
  fingerprint(agent: string): Promise<string | undefined>;
  /** Ends every server; resolves when nothing of them lives. */
  dispose(graceMs: number): Promise<void>;
};

/** What every opencode can do; it says so nowhere. */
const FEATURES: Features = {
  load: "no",
  resume: "yes",
  list: "yes",
  close: "no",
  images: "yes",
  embeddedContext: "yes",
  steer: "no",
  modes: "yes",
  usage: "yes",
  ...KIND_FEATURES.opencode,
};

/** How long a session that still works on a prompt nobody waits for may take to stop, before it is opened again. */
const STOP_WAIT_MS = 10_000;
const STOP_AGAIN_MS = 500;

/** A warm `opencode serve` through the official SDK. */
export function createOpencodeBackend(deps: OpencodeBackendDeps): OpencodeBackend {
  const servers = new Servers({ ...deps, limits: { ...SERVER_LIMITS, ...deps.limits } });
  return {
    kind: "opencode",
    open: (request) => open(deps, servers, request),
    async fingerprint(agent) {
      const definition = await deps.definition(agent);
      return definition && (await processFingerprint(definition, deps.environment));
    },
    dispose: (graceMs) => servers.dispose(graceMs),
  };
}

async function open(deps: OpencodeBackendDeps, servers: Servers, request: OpenRequest): Promise<AgentHandle> {
  const { agent, signal } = request;
  const definition = await deps.definition(agent);
  if (definition === undefined) {
    const message = `The agent ${agent} is not installed, or has no such name.`;
    throw new AgentFailure("unavailable", agentError({ agent, phase: "spawn", message }));
  }
  const directory = await stat(request.directory).catch(() => undefined);
  if (!directory?.isDirectory()) {
    const message = `The directory ${request.directory} does not exist.`;
    throw new AgentFailure("unavailable", agentError({ agent, phase: "spawn", message }));
  }
  const fingerprint = await processFingerprint(definition, deps.environment);
  const server = await servers.find(await configured(deps, definition, request));
  const release = server.use();
  const stop = abortOf(signal);
  let handle: OpencodeHandle | undefined;
  try {
    const { version } = await Promise.race([server.running(request.sessionId), stop.aborted]);
    handle = await Promise.race([
      openHandle(deps, server, { fingerprint, request, version, release }),
      stop.aborted,
    ]);
    await Promise.race([server.subscribed(request.directory), stop.aborted]);
    const { approvalMode, model } = request;
    await Promise.race([handle.configure({ approvalMode, model }), stop.aborted]);
    learn(deps, agent, version);
    return handle;
  } catch (error) {
    await handle?.close(0);
    release();
    throw failureOf(agent, error);
  } finally {
    stop.forget();
  }
}

/** With the MCP servers of the session. Rejects with an `AgentFailure`. */
async function configured(
  { environment }: OpencodeBackendDeps,
  definition: AgentDefinition,
  { agent, directory, mcpServers }: OpenRequest,
): Promise<AgentDefinition> {
  const place = { agent, features: FEATURES, directory, searchPath: environment["PATH"] ?? "" };
  const servers = await placeServers(mcpServers, place);
  try {
    return withServers(definition, servers, environment[CONFIG_VARIABLE]);
  } catch (error) {
    throw new AgentFailure("unavailable", agentError({ agent, phase: "open", message: errorText(error) }));
  }
}

type Opening = { fingerprint: string; request: OpenRequest; version: string; release: () => void };

async function openHandle(
  deps: OpencodeBackendDeps,
  server: OpencodeServer,
  { fingerprint, request, version, release }: Opening,
): Promise<OpencodeHandle> {
  const { agent, sessionId, directory, idle } = request;
  const api = server.api(directory);
  const agents = await api.agents();
  const known = await findKnown(deps, api, request);
  const working = workingAgent(agents, known ?? {});
  const session = known ?? (await api.createSession(sessionRules(request.approvalMode, working.rules)));
  const backendSessionId = text(session["id"]);
  if (backendSessionId === undefined) throw new Error(`${agent} opened a session without naming it`);
  const handle = new OpencodeHandle(
    {
      agent,
      sessionId,
      backendSessionId,
      directory,
      openedBy: known === undefined ? "create" : "resume",
      version,
      features: { ...FEATURES },
      process: { fingerprint },
      agentRules: working.rules,
    },
    {
      server,
      release,
      clock: deps.clock,
      logger: deps.logger ?? silentLogger,
      readBlob: deps.readBlob,
      idle,
    },
  );
  handle.describe(describe(api, working.name, agents));
  return handle;
}

/**
 * The session that an earlier opening made; `undefined` when opencode does not have it any more. Whatever broke is no reason to forget it
 * . One that still works on what nobody waits for is stopped first.
 */
async function findKnown(
  { clock }: OpencodeBackendDeps,
  api: OpencodeApi,
  { agent, backendSessionId }: OpenRequest,
): Promise<Json | undefined> {
  const session = backendSessionId === undefined ? undefined : await api.getSession(backendSessionId);
  if (session === undefined || backendSessionId === undefined) return undefined;
  const deadline = clock.monotonic() + STOP_WAIT_MS;
  while (await api.isBusy(backendSessionId)) {
    if (clock.monotonic() >= deadline)
      throw new Error(`the session of ${agent} does not stop its last prompt`);
    await api.abort(backendSessionId);
    await wait(clock, STOP_AGAIN_MS);
  }
  return session;
}

async function describe(api: OpencodeApi, current: string, agents: Json[]) {
  const [commands, providers] = await Promise.all([api.commands(), api.providers()]);
  return sessionFacts(current, agents, commands, providers);
}

function learn(deps: OpencodeBackendDeps, agent: string, version: string): void {
  deps.learn(agent, { version, features: { ...FEATURES } }).catch((error: unknown) => {
    const facts = { agent, error: errorText(error) };
    (deps.logger ?? silentLogger).warn(facts, "what was learnt of an agent could not be kept");
  });
}

function abortOf(signal: AbortSignal): { aborted: Promise<never>; forget: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  const abort = () => reject(new AgentFailure("aborted", abortedError("The opening was stopped.")));
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return { aborted: promise, forget: () => signal.removeEventListener("abort", abort) };
}

/** Every way in which an opening breaks, typed. */
function failureOf(agent: string, error: unknown): AgentFailure {
  if (error instanceof AgentFailure) return error;
  const kind = isHoldfastError(error, "AGENT_UNAVAILABLE") ? "unavailable" : "crashed";
  return new AgentFailure(kind, agentError({ agent, phase: "open", message: errorText(error) }));
}
