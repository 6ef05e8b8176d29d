export { autoAllow, heldModes, holdMode, type Hold, type OfferedModes } from "./approval.ts";
export { createCatalog, type Catalog, type CatalogDeps } from "./catalog.ts";
export type { AgentDefinition, ConfiguredAgent } from "./definition.ts";
export { KNOWN_AGENTS, NO_QUIRKS, type KnownAgent, type Quirks } from "./quirks.ts";
