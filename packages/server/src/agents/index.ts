export * from "./port.ts";
export {
  launchProcess,
  LaunchError,
  processTable,
  reapLeftovers,
  type LaunchDeps,
  type ProcessTable,
  type ReapReport,
} from "./process/index.ts";
