export { Rows } from "./rows.ts";
export { subagents } from "./run-subagent.ts";
