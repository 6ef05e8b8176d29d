import { spawn } from "node:child_process";
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  errorText,
  randomHex,
  silentLogger,
  storageRefusal,
  type Clock,
  type Logger,
} from "@holdfast/kernel";
import type { InstanceId, SessionId } from "@holdfast/protocol";
import type { Commands } from "../store/index.ts";
import { AgentProcess, type RunningChild } from "./agent-process.ts";
import { childEnvironment, type Environment, type EnvironmentPolicy } from "./environment.ts";
import { argvHash } from "./identity.ts";
import type { ProcessTable } from "./process-table.ts";
import { STOP_LIMITS, type StopLimits } from "./stop-schedule.ts";

/** What every launch of one server has in common; `main` makes it once. */
export type LaunchDeps = {
  store: Pick<Commands, "recordLaunch" | "recordSpawn" | "recordExit">;
  clock: Clock;
  table: ProcessTable;
  instanceId: InstanceId;
  /** The environment of the server. */
  environment: Environment;
  /** Where private temporary directories are made: `os.tmpdir()`. */
  temporaryRoot: string;
  logger?: Logger | undefined;
};

/** One launch. `argv[0]` is an absolute path; nothing is looked up and no shell is between. */
export type LaunchRequest = {
  argv: readonly string[];
  cwd: string;
  environment: EnvironmentPolicy;
  sessionId: SessionId;
  agent: string;
  limits?: Partial<StopLimits> | undefined;
  /** Values that it is told, and that may not stand in what is kept of its stderr. The longest first. */
  secrets?: readonly string[] | undefined;
};

/** A program that could not be started. The message says why and holds no secret. */
export class LaunchError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "LaunchError";
  }
}

const LAUNCH_ID_BYTES = 16;

/** Short, because sockets in it must stay below the 104 bytes of a socket path. */
const DIRECTORY_ID_CHARS = 12;
export const TEMPORARY_PREFIX = "holdfast-";

/**
 * Starts a program as the leader of its own process group and registers it durably: the intent with its random launch id before the spawn,
 * pid, start time and group after it, so that whatever happens in between the next start can find and end it. Rejects with a
 * `LaunchError` when it cannot be started, and with the error of the store or of the disk when it cannot be registered or given a directory;
 * then nothing of it is left.
 */
export async function launchProcess(deps: LaunchDeps, request: LaunchRequest): Promise<AgentProcess> {
  const directory = await stat(request.cwd).catch(() => undefined);
  if (!directory?.isDirectory()) throw new LaunchError(`The directory ${request.cwd} does not exist.`);
  const launchId = randomHex(LAUNCH_ID_BYTES);
  const temporaryDirectory = join(
    deps.temporaryRoot,
    TEMPORARY_PREFIX + launchId.slice(0, DIRECTORY_ID_CHARS),
  );
  await deps.store.recordLaunch({
    launchId,
    instanceId: deps.instanceId,
    sessionId: request.sessionId,
    agent: request.agent,
    argvHash: argvHash(launchId, request.argv),
    temporaryDirectory,
  });
  try {
    await mkdir(temporaryDirectory, { mode: 0o700 });
    const child = await spawnGroupLeader(deps, request, { launchId, temporaryDirectory });
    return await register(deps, request, child, { launchId, temporaryDirectory });
  } catch (error) {
    await rm(temporaryDirectory, { recursive: true, force: true }).catch(() => undefined);
    await deps.store.recordExit({ launchId }).catch(() => undefined);
    throw error;
  }
}

type Launch = { launchId: string; temporaryDirectory: string };

function spawnGroupLeader(deps: LaunchDeps, request: LaunchRequest, launch: Launch): Promise<RunningChild> {
  const [program = "", ...args] = request.argv;
  return new Promise<RunningChild>((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: request.cwd,
      env: childEnvironment(deps.environment, request.environment, launch),
      detached: true,
      shell: false,
      stdio: ["pipe", "pipe", "pipe"],
      windowsHide: true,
    });
    child.once("error", reject);
    if (child.pid !== undefined) resolve(child as RunningChild);
  }).catch((error: unknown) => {
    throw storageRefusal(error) ?? new LaunchError(`${program} cannot be started: ${errorText(error)}`);
  });
}

async function register(
  deps: LaunchDeps,
  request: LaunchRequest,
  child: RunningChild,
  launch: Launch,
): Promise<AgentProcess> {
  const { launchId, temporaryDirectory } = launch;
  const key: { launchId: string; root?: { pid: number; startTime: string } } = { launchId };
  const logger = deps.logger ?? silentLogger;
  // Built before the first wait, so that no exit is missed.
  const started = new AgentProcess(child, {
    key,
    temporaryDirectory,
    store: deps.store,
    clock: deps.clock,
    table: deps.table,
    logger,
    limits: { ...STOP_LIMITS, ...request.limits },
    secrets: request.secrets ?? [],
  });
  const live = await deps.table.inspect(child.pid);
  if (live !== undefined) key.root = { pid: live.pid, startTime: live.startTime };
  try {
    await deps.store.recordSpawn({
      launchId,
      pid: child.pid,
      group: child.pid,
      startTime: live?.startTime,
    });
  } catch (error) {
    logger.error(
      { launchId, error: errorText(error) },
      "a started agent could not be registered and is ended",
    );
    await started.stop({ from: "kill" });
    throw error;
  }
  return started;
}
