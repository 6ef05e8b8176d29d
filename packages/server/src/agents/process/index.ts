export { AgentProcess, type ProcessExit } from "./agent-process.ts";
export { LAUNCH_ID_VARIABLE, type Environment, type EnvironmentPolicy } from "./environment.ts";
export { launchProcess, LaunchError, type LaunchDeps, type LaunchRequest } from "./launch.ts";
export { linuxProcessTable } from "./linux-process-table.ts";
export { psProcessTable } from "./ps-process-table.ts";
export { processTable } from "./this-machine.ts";
export type { ProcessTable } from "./process-table.ts";
export { reapLeftovers, type ReapDeps, type ReapReport } from "./reap.ts";
export { STOP_LIMITS, type StopLimits, type StopOptions } from "./stop-schedule.ts";
