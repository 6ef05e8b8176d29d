export { createTurns, type Turns } from "./turns.ts";
export type { TurnWatch } from "./turn-watch.ts";
export { DEFAULT_TURN_SETTINGS, type TurnSettings } from "./run/index.ts";
export { ByteBudget } from "./record/index.ts";
export { Recorder } from "./record/index.ts";
