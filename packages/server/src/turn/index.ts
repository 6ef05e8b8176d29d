export { createTurns, type Turns } from "./turns.ts";
export { DEFAULT_TURN_SETTINGS, type TurnSettings } from "./settings.ts";
