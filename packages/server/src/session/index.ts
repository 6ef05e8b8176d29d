export { createSessions, type Sessions } from "./sessions.ts";
export type { AgentCatalog, Caller, SessionDeps, SessionSettings, TurnDoor } from "./deps.ts";
