export { HookError, type Hooks, loadHooks, NO_HOOKS } from "./load-hooks.ts";
