export { COMMANDS, HELP_KEYS, PALETTE_KEYS } from "./commands.ts";
export { guardCompositions } from "./composition.ts";
export { isWriting, matches, namesOf } from "./keys.ts";
export { actOf, isTaken, PANEL_KEYS, type PanelAct } from "./panel-keys.ts";
