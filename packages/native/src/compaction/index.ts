/** When a session no longer fits its model, and what is done then: pure decisions for the loop. */
export { contextTokens, isOverflow, outputLimit, tailBudget, usableTokens } from "./budget.ts";
export { tokensOf } from "./estimate.ts";
export { type CompactionPlan, MOST_COMPACTIONS, planCompaction } from "./plan.ts";
export { pruneTargets } from "./prune.ts";
export { summaryRequest } from "./summary-request.ts";
