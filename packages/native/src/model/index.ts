/**
 * Models: how they are reached, what is known of them, what a call used and what went wrong with it.
 *
 * What differs in the stream of `streamText`, by the way a model is spoken to (`stream.test.ts` holds the SDK to it):
 *
 *                         anthropic             openai (Responses)    google               openai-compatible (chat)
 *   ids of text and       block's index         item's id             a counter            `txt-0`, `reasoning-0`: the same again
 *   reasoning                                                                              after a change of the two
 *   input in pieces       yes                   yes                   no: one delta        yes
 *   `tool-call` comes     behind its input      behind its input      behind its input     at the very end, also of an answer that broke off
 *   broken input          `tool-call` with `invalid` and the text as its input, then a       the same
 *                         `tool-error`                                no call: finish `error`
 *   sealed reasoning, in  `signature`, in a     `reasoningEncrypted-  `thoughtSignature`,  none
 *   providerMetadata      delta without text    Content`, at the end  at calls and texts
 *   cache read, written   both                  both                  read                 read, where it is told
 *   usage                 always                always                always               where it is told: else all undefined
 *   error in the answer   `error` part, then `finish-step` with finish `error` and usage undefined; an open text has no end with the first two
 *   answer just ends      finish `interrupted`  the same              the same             `error` part, finish `error`
 *
 * The same with all: `content-filter` and `length` are finishes; a refused call is an `error` part with its headers and no `finish-step`; a
 * connection that breaks in the answer is thrown by the stream. A call that was required and is missing: `error` part with
 * `AI_ToolChoiceViolationError`, finish `error`; Claude models from 5.5 on cannot be forced. Parts of other types (`custom`, `source`) may come.
 */
export { markedInstructions, withCacheMarks } from "./cache-marks.ts";
export { languageModel, type ReachedModel } from "./language-model.ts";
export { finishError, isMissedToolChoice, modelError } from "./model-error.ts";
export { usageOf } from "./usage.ts";
