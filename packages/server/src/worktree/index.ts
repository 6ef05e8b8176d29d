export { createWorktrees, type Worktrees } from "./worktrees.ts";
export type { ProcessFacts } from "./deps.ts";
