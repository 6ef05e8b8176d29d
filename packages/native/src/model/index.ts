/**
 * Models: how they are reached, what is known of them, what a call used and what went wrong with it.
 *
 * What differs in the stream of `streamText`, by the way a model is spoken to (`stream.test.ts` holds the SDK to it):
 *
 *                         anthropic             openai (Responses)    google               openai-compatible (chat)
 *   text, reasoning ids   block's index         item's id             a counter            `txt-0`, `reasoning-0`: again after a change
 *   input in pieces       yes                   yes                   no: one delta        yes
 *   broken input          `tool-call` with `invalid` and the text as its input, then a `tool-error`; the text came in deltas before
 *                                                                     no call: finish `error`
 *   sealed reasoning      `signature` in        `reasoningEncrypted-  `thoughtSignature`   none
 *   (providerMetadata)    `reasoning-delta`     Content` at the end   at calls and texts
 *   cache read / written  both                  read                  read                 read, where told
 *   usage                 always                always                always               where the endpoint tells it: else undefined
 *   refused               finish `content-filter`, everywhere
 *   cut by its length     finish `length`, everywhere
 *   retry headers         in the error of a refused call, everywhere; an error inside the answer has none
 *   error inside it       `error` part with `AI_StreamProviderError`, then a `finish-step` with finish `error`
 *   cut connection        `error` part, and no `finish-step`: no usage
 *   just ends             finish `interrupted`                                             `error` part, finish `error`
 *   required call missing `error` part with `AI_ToolChoiceViolationError` and finish `error`, where the provider does not force it
 */
export { markedInstructions, withCacheMarks } from "./cache-marks.ts";
export { languageModel, type ReachedModel } from "./language-model.ts";
export { interruptedError, isMissedToolChoice, modelError } from "./model-error.ts";
export { usageOf } from "./usage.ts";
