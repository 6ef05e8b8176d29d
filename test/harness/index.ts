export { type Frame, readFrames } from "./sse.ts";
export { type HarnessOptions, HoldfastProcess, launchHoldfast, startHoldfast } from "./holdfast-process.ts";
export { HOLDFAST, holdfastFor, REHEARSAL } from "./program.ts";
export { until } from "./until.ts";
export { temporaryDirectory } from "./temporary-directory.ts";
export { killIfThere, processesWith, withoutChildren } from "./processes.ts";
export { type ShareProcess, startShareService } from "./share-process.ts";
export { openLosingWire } from "./losing-wire.ts";
