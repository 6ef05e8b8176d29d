/** Commands of a shell: what somebody is asked about them, and how one is run and ended. */
export { patternsOf } from "./command-patterns.ts";
export { endGroup } from "./process-group.ts";
export { type CommandEnd, runCommand } from "./run-command.ts";
export { outsideWords } from "./outside-words.ts";
