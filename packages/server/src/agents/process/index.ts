export { type AgentProcess, type ProcessExit } from "./agent-process.ts";
export {
  childEnvironment,
  LAUNCH_ID_VARIABLE,
  type Environment,
  type EnvironmentPolicy,
} from "./environment.ts";
export { launchProcess, LaunchError, type LaunchDeps, type LaunchRequest } from "./launch.ts";
export { processTable } from "./this-machine.ts";
export { trySignal, type ProcessTable } from "./process-table.ts";
export { reapLeftovers, type ReapDeps, type ReapReport } from "./reap.ts";
export type { StopLimits, StopOptions } from "./stop-schedule.ts";
