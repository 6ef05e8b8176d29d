export { markedInstructions, withCacheMarks } from "./cache-marks.ts";
export { interruptedError, modelError } from "./model-error.ts";
export { languageModel, type ReachedModel } from "./language-model.ts";
export { usageOf } from "./usage.ts";
