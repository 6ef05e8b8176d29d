/** What a turn hands to children before anything else of it: their sessions, their turns, and what they came to; and the children that its agent makes. */
export { LOST, Mirrors } from "./mirrors.ts";
export { type Children, hasSubtasks, runSubtasks } from "./run-subtasks.ts";
