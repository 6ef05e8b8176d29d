export { type CancelCommand, createTurns, type Turns, type TurnsDeps } from "./turns.ts";
export { DEFAULT_TURN_SETTINGS, type TurnSettings } from "./settings.ts";
export { isDefaultTitle } from "./title.ts";
