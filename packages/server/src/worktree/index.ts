export { createWorktrees, type SessionRisk, type Worktrees } from "./worktrees.ts";
export type { ProcessFacts, SessionDoor, WorktreesDeps } from "./deps.ts";
export type { MissingWorkspace } from "./require-directory.ts";
