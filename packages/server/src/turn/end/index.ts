/** How turns end: the record, finalization, recovery. */
export { finalize } from "./finalize.ts";
export { Recovery } from "./recovery.ts";
export { OPENING, type RunEvent, type RunState, transition } from "./state.ts";
export { type Ending, type StopCause } from "./terminal-record.ts";
