export type { ChosenModel, Place, PromptRoom } from "./room.ts";
export { PromptRun } from "./run-prompt.ts";
export { Steers } from "./steers.ts";
