export { Rows, type RowsPlace } from "./rows.ts";
export { subagents } from "./run-subagent.ts";
