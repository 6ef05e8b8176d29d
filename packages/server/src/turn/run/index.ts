/** One turn from the opened agent to its end: the run, its deadlines, and the budget of crashes. */
export { CrashBudgets } from "./crash-budgets.ts";
export { DEFAULT_TURN_SETTINGS, type TurnSettings } from "./settings.ts";
export { TurnRun } from "./turn-run.ts";
export type { RunEnd, TurnRunDeps } from "./turn-run-deps.ts";
