export { autoAllow, holdMode, type OfferedModes } from "./approval.ts";
export { createCatalog, type Catalog } from "./catalog.ts";
export type { AgentDefinition, ConfiguredAgent } from "./definition.ts";
export { findProgram } from "./find-program.ts";
export { KNOWN_AGENTS, NATIVE_QUIRKS, NO_QUIRKS, toldStatus, type Quirks } from "./quirks.ts";
