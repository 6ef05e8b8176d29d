export { AgentFailure } from "./port.ts";
export type {
  AgentEvent,
  AgentHandle,
  AgentPool,
  Backend,
  ContentEvent,
  IdleSink,
  NoteEvent,
  OpenRequest,
  PermissionAnswer,
  PermissionAsk,
  PromptInput,
  PromptResult,
  StateEvent,
  StopReason,
  ToolUpdate,
  TurnSink,
} from "./port.ts";
export { createAcpBackend, type AcpBackendDeps } from "./acp/index.ts";
export {
  autoAllow,
  createCatalog,
  type Catalog,
  type CatalogDeps,
  type ConfiguredAgent,
} from "./catalog/index.ts";
export type { PoolLimits } from "./eviction.ts";
export { createPool, type PoolDeps } from "./pool.ts";
export {
  processTable,
  reapLeftovers,
  type LaunchDeps,
  type ReapDeps,
  type ReapReport,
} from "./process/index.ts";
