import { join } from "node:path";
import type { Clock, Logger } from "@holdfast/kernel";
import { nativeBin } from "@holdfast/native";
import { type Agent, type InstanceId, type SessionId, VERSION } from "@holdfast/protocol";
import { rehearsalBin } from "@holdfast/rehearsal";
import {
  type Backend,
  createAcpBackend,
  createCatalog,
  createNativeBackend,
  createOpencodeBackend,
  createPool,
  createProviders,
  type LaunchDeps,
  measureLaunches,
  processTable,
  reapLeftovers,
} from "../agents/index.ts";
import { createResources } from "../resources/index.ts";
import type { Store } from "../store/index.ts";
import type { ServerConfig } from "./config.ts";
import { poolLimits } from "./settings.ts";

/** Outputs of tools that were cut, in the data directory. */
export const OUTPUTS = "outputs";

type Base = {
  config: ServerConfig;
  directory: string;
  store: Store;
  clock: Clock;
  logger: Logger;
  instanceId: InstanceId;
};

/** What runs agents: the catalog, the pool over the backends, and the reaper of what a dead server left. */
export function buildAgents({ config, directory, store, clock, logger, instanceId }: Base) {
  const launch: LaunchDeps = {
    store,
    clock,
    table: processTable(process.platform),
    instanceId,
    environment: config.environment,
    temporaryRoot: config.temporaryRoot,
    logger,
  };
  const models = modelSettings(config);
  const providers = createProviders(models);
  const catalog = createCatalog({
    agents: config.file.agents ?? {},
    rehearsal: [process.execPath, rehearsalBin],
    native: {
      argv: [process.execPath, nativeBin],
      remove: providers.variables,
      problem: () => providers.problem(),
    },
    environment: config.environment,
    temporaryRoot: launch.temporaryRoot,
    store,
    clock,
    logger,
  });
  const common = backendDeps(store, catalog, launch);
  const acp = createAcpBackend({
    ...common,
    clientVersion: VERSION,
    dataDirectory: directory,
    worktreeDirectory: config.file.worktreeDirectory ?? join(directory, "worktrees"),
  });
  const limits = poolLimits(config);
  const { idleTtlMs } = limits;
  const opencode = createOpencodeBackend({ ...common, limits: idleTtlMs === undefined ? {} : { idleTtlMs } });
  const native = createNativeBackend({
    ...common,
    providers,
    settings: {
      ...models,
      native: config.file.native ?? {},
      configFile: config.configFile,
      outputDirectory: join(directory, OUTPUTS),
    },
  });
  const backends: Record<Agent["backend"], Backend> = { acp, opencode, native };
  const backendOf = async (id: string) => {
    const agent = await catalog.find(id);
    return agent === undefined ? undefined : backends[agent.backend];
  };
  const pool = createPool({
    backendOf,
    clock,
    logger,
    limits,
    measure: () => measureLaunches({ store, table: launch.table, instanceId, platform: process.platform }),
  });
  const reap = async () => {
    const { table, temporaryRoot } = launch;
    const report = await reapLeftovers({
      store,
      table,
      clock,
      temporaryRoot,
      logger,
      isOurs: (row) => !row.isOwnerAlive,
    });
    if (report.reaped.length + report.spared.length > 0)
      logger.info({ ...report }, "reaped what an earlier server left");
  };
  return { catalog, providers, pool, opencode, reap, resources: createResources({ launch, clock }) };
}

const modelSettings = ({ file, modelEndpoint, environment, keysFile }: ServerConfig) => ({
  providers: file.providers ?? {},
  endpoint: modelEndpoint,
  model: file.native?.model,
  environment,
  keysFile,
});

function backendDeps(store: Store, catalog: ReturnType<typeof createCatalog>, launch: LaunchDeps) {
  return {
    ...launch,
    definition: (agent: string) => catalog.definition(agent),
    learn: (...seen: Parameters<typeof catalog.learn>) => catalog.learn(...seen),
    readBlob: (hash: string, sessionId: SessionId) => store.getBlob({ hash, sessionId }),
  };
}
