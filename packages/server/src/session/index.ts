export { familyOf } from "./delete.ts";
export { createSessions, type Sessions } from "./sessions.ts";
export type { Caller, TurnDoor } from "./deps.ts";
