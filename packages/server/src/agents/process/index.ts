export type { AgentProcess } from "./agent-process.ts";
export { childEnvironment, type Environment } from "./environment.ts";
export { launchProcess, LaunchError, type LaunchDeps } from "./launch.ts";
export { trySignal } from "./process-table.ts";
export { measureLaunches } from "./measure.ts";
export { reapLeftovers } from "./reap.ts";
export type { StopOptions } from "./stop-schedule.ts";
export { processTable } from "./this-machine.ts";
