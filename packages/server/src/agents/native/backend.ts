/** Holdfast's own agent: one program per session, started, registered, stopped and reaped as any other's. */
import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { type Clock, HoldfastError } from "@holdfast/kernel";
import { METHODS, openAnswerSchema, type OpenParams } from "@holdfast/native";
import { abortedError, type Model, type NativeConfig } from "@holdfast/protocol";
import { type AgentProcess, launchProcess, type LaunchDeps, LaunchError } from "../../process/index.ts";
import { secretsOf } from "../../store/index.ts";
import { agentError } from "../agent-error.ts";
import type { AgentDefinition } from "../catalog/index.ts";
import { processFingerprint } from "../fingerprint.ts";
import { KIND_FEATURES } from "../kind-features.ts";
import { placeServers } from "../mcp-servers.ts";
import { AgentFailure, type AgentHandle, type Backend, type OpenRequest } from "../port.ts";
import type { ReadBlob } from "../read-blob.ts";
import { Connection } from "./connection.ts";
import { NativeHandle } from "./handle.ts";
import { deepMask } from "./mask.ts";
import { rootOf } from "./place.ts";
import {
  type Access,
  defaultModel,
  findOffered,
  offeredModels,
  type Providers,
  type ProvidersDeps,
  secretsOfProviders,
} from "./providers.ts";

/** How long the program may take until it is open: MCP servers of the user start in it. */
const OPEN_MS = 60_000;

const USUAL = { maxSteps: 200, maxLines: 2_000, maxBytes: 51_200 } as const;

export type NativeBackendDeps = LaunchDeps & {
  /** How to run it; `undefined` when there is none of this id. */
  definition(agent: string): Promise<AgentDefinition | undefined>;
  readBlob: ReadBlob;
  providers: Providers;
  settings: Pick<ProvidersDeps, "model" | "endpoint"> & {
    native: NativeConfig;
    /** Relative paths of hooks begin in its directory. */
    configFile: string;
    /** Outputs of tools that were cut, a directory for each session. */
    outputDirectory: string;
  };
  clock: Clock;
  openMs?: number;
};

export function createNativeBackend(deps: NativeBackendDeps): Backend {
  return {
    kind: "native",
    open: (request) => open(deps, request),
    async fingerprint(agent) {
      const definition = await deps.definition(agent);
      return definition && fingerprintOf(deps, definition, await deps.providers.access());
    },
  };
}

async function fingerprintOf(
  { providers, environment }: NativeBackendDeps,
  definition: AgentDefinition,
  access: Access,
): Promise<string> {
  return `${await processFingerprint(definition, environment)}-${providers.fingerprint(access)}`;
}

async function open(deps: NativeBackendDeps, request: OpenRequest): Promise<AgentHandle> {
  const { agent, signal } = request;
  const refuse = (message: string, phase: "spawn" | "open" = "open") =>
    new AgentFailure("unavailable", agentError({ agent, phase, message }));
  const definition = await deps.definition(agent);
  const access = await deps.providers.access();
  if (definition === undefined || access.providers.length === 0)
    throw refuse(access.problem ?? `There is no agent ${agent}.`, "spawn");
  if (signal.aborted) throw new AgentFailure("aborted", abortedError("The opening was stopped."));
  const mcpServers = await placeServers(request.mcpServers, {
    agent,
    features: featuresOf(),
    directory: request.directory,
    searchPath: deps.environment["PATH"] ?? "",
  });
  const modelOf = (asked: Model | undefined) => requireModel(deps, access, asked);
  const secrets = secretsOfProviders(access.providers);
  const handle = await refusing(refuse, async () => {
    return new NativeHandle({
      agent,
      request,
      features: featuresOf(),
      process: { fingerprint: await fingerprintOf(deps, definition, access) },
      readBlob: deps.readBlob,
      mask: deepMask(secrets),
      modelOf,
      clock: deps.clock,
    });
  });
  const params = await openParams(deps, { ...request, mcpServers }, access, handle.usedModel);
  const started = await launch(deps, definition, request, [...secrets, ...secretsOf(request.mcpServers)]);
  const connection = new Connection(started, { agent, clock: deps.clock, listener: handle.listener });
  const abort = () => connection.abort("The opening was stopped.");
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    const timeoutMs = deps.openMs ?? OPEN_MS;
    const question = { phase: "open", method: METHODS.open, schema: openAnswerSchema, timeoutMs } as const;
    handle.connected(connection, await connection.request(question, params));
    const available = offeredModels(access.providers);
    const current = `${handle.usedModel.providerId ?? ""}/${handle.usedModel.modelId}`;
    request.idle.emit({ type: "models", models: { current, available } });
    return handle;
  } catch (error) {
    await connection.stop({ from: "kill" });
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** What an agent of this kind can do is known before it runs. */
const featuresOf = () => ({ ...KIND_FEATURES.native });

/** Throws AGENT_UNAVAILABLE, naming the field, where there is none. */
function requireModel(
  { settings }: NativeBackendDeps,
  { providers }: Access,
  asked: Model | undefined,
): Model {
  const usual = defaultModel(providers, settings);
  const found = findOffered(providers, asked ?? { modelId: usual ?? "" });
  if (typeof found === "string") throw new HoldfastError("AGENT_UNAVAILABLE", found);
  return found;
}

async function refusing<T>(refuse: (message: string) => AgentFailure, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw error instanceof HoldfastError && error.code === "AGENT_UNAVAILABLE"
      ? refuse(error.message)
      : error;
  }
}

async function openParams(
  { settings, providers }: NativeBackendDeps,
  { agent, sessionId, directory, mcpServers }: OpenRequest,
  access: Access,
  model: Model,
): Promise<OpenParams> {
  const { compaction, toolOutput, smallModel, ...native } = settings.native;
  const outputDirectory = join(settings.outputDirectory, sessionId);
  await mkdir(outputDirectory, { recursive: true, mode: 0o700 });
  const small = smallModel === undefined ? undefined : findOffered(access.providers, { modelId: smallModel });
  const reserved = compaction?.reserved;
  return {
    agent: agent === "native:plan" ? "plan" : "build",
    sessionId,
    directory,
    root: await rootOf(directory),
    outputDirectory,
    model,
    ...(small === undefined || typeof small === "string" ? {} : { smallModel: small }),
    providers: access.providers,
    mcpServers: [...mcpServers],
    hooks: (native.hooks ?? []).map((path) => resolve(dirname(settings.configFile), path)),
    instructions: native.instructions ?? [],
    compaction: {
      auto: compaction?.auto ?? true,
      prune: compaction?.prune ?? false,
      ...(reserved === undefined ? {} : { reserved }),
    },
    toolOutput: {
      maxLines: toolOutput?.maxLines ?? USUAL.maxLines,
      maxBytes: toolOutput?.maxBytes ?? USUAL.maxBytes,
    },
    maxSteps: native.maxSteps ?? USUAL.maxSteps,
    hiddenVariables: [...providers.variables],
  };
}

async function launch(
  deps: LaunchDeps,
  { argv, environment }: AgentDefinition,
  { sessionId, agent, directory }: OpenRequest,
  secrets: readonly string[],
): Promise<AgentProcess> {
  try {
    return await launchProcess(deps, { argv, cwd: directory, environment, sessionId, agent, secrets });
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error;
    throw new AgentFailure("unavailable", agentError({ agent, phase: "spawn", message: error.message }));
  }
}
