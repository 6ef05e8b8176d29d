export { createTurns, type Turns } from "./turns.ts";
export type { TurnWatch } from "./turn-watch.ts";
export { DEFAULT_TURN_SETTINGS, type TurnSettings } from "./settings.ts";
export { ByteBudget } from "./byte-budget.ts";
export { Recorder } from "./recorder.ts";
