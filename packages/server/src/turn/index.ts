export { createTurns, type Turns } from "./turns.ts";
export { MAX_PATCH_FILES, type TurnFiles, type TurnWatch, type Unwatched } from "./turn-watch.ts";
export { DEFAULT_TURN_SETTINGS, type TurnSettings } from "./settings.ts";
export { ByteBudget } from "./byte-budget.ts";
export { Recorder } from "./recorder.ts";
