/** What an agent says, as durable rows. */
export { ByteBudget, type ByteLimits } from "./byte-budget.ts";
export { FileWatch, patchOf } from "./file-watch.ts";
export { IdleEvents, type IdleOrigin, type LastTurn } from "./idle-events.ts";
export { maskedEvent, maskOf } from "./masked.ts";
export { type WriteFailure } from "./progress-writer.ts";
export { Recorder } from "./recorder.ts";
export { targetOf } from "./recorder-target.ts";
export { touchedBy } from "./touched-files.ts";
