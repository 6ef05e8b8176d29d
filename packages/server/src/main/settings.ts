/** What rooms are told of the configuration. */
import { totalmem } from "node:os";
import type { PoolLimits } from "../agents/index.ts";
import { DEFAULT_TURN_SETTINGS, type TurnSettings } from "../turn/index.ts";
import type { ServerConfig } from "./config.ts";

/** Half of the memory that this machine, or the control group around the server, has. */
export function poolLimits({ file }: ServerConfig): Partial<PoolLimits> {
  const constrained = process.constrainedMemory();
  const memory = constrained > 0 ? Math.min(totalmem(), constrained) : totalmem();
  return {
    maxBytes: memory / 2,
    ...(file.agentIdleMinutes === undefined ? {} : { idleTtlMs: file.agentIdleMinutes * 60_000 }),
    ...(file.maxLiveAgents === undefined ? {} : { maxLive: file.maxLiveAgents }),
  };
}

export function turnSettings(config: ServerConfig): TurnSettings {
  const minute = 60_000;
  const { turnIdleMinutes, turnTotalMinutes, stepSnapshotSeconds } = config.file;
  return {
    ...DEFAULT_TURN_SETTINGS,
    graceMs: config.stopBudgetMs,
    ...(turnIdleMinutes === undefined ? {} : { idleMs: turnIdleMinutes * minute }),
    ...(turnTotalMinutes === undefined ? {} : { totalMs: turnTotalMinutes * minute }),
    ...(stepSnapshotSeconds === undefined ? {} : { stepSnapshotMs: stepSnapshotSeconds * 1_000 }),
  };
}
