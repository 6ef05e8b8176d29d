export type { HookModule, HookName, HookTable } from "./hook-table.ts";
export { HookError, type HookPlace, type Hooks, loadHooks, NO_HOOKS } from "./load-hooks.ts";
