export { createTurns, type Turns } from "./turns.ts";
export { DEFAULT_TURN_SETTINGS, type TurnSettings } from "./settings.ts";
export { type ByteAccount, ByteBudget } from "./byte-budget.ts";
export { Recorder } from "./recorder.ts";
