export { AgentFailure, ANSWER_TOOL } from "./port.ts";
export type {
  AgentEvent,
  AgentHandle,
  AgentPool,
  AgentQuestion,
  Backend,
  ChildEvent,
  ChildTold,
  ContentEvent,
  IdleSink,
  LoginRequest,
  NoteEvent,
  OpenRequest,
  PastEvent,
  PastTurn,
  NotAllowed,
  PermissionAsk,
  Reservation,
  PromptInput,
  PromptResult,
  ReadHistory,
  StateEvent,
  SteerInput,
  SteerResult,
  ToolUpdate,
  TurnSink,
  WordedAnswer,
} from "./port.ts";
export { createAcpBackend, type AcpBackendDeps } from "./acp/index.ts";
export { NOT_ALLOWED } from "./not-allowed.ts";
export {
  autoAllow,
  createCatalog,
  type Catalog,
  type ConfiguredAgent,
  findProgram,
} from "./catalog/index.ts";
export { createNativeBackend, createProviders, type Providers } from "./native/index.ts";
export { createOpencodeBackend } from "./opencode/index.ts";
export type { PoolLimits } from "./eviction.ts";
export { createPool } from "./pool.ts";
export { measureLaunches, processTable, reapLeftovers, type LaunchDeps } from "../process/index.ts";
