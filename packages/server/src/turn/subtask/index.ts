/** What a turn hands to children before anything else of it: their sessions, their turns, and what they came to. */
export { type Children, hasSubtasks, runSubtasks } from "./run-subtasks.ts";
