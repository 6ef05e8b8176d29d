/** What the model is given: rows of the session in, messages of the AI SDK out. */
export type { ViewOptions } from "./options.ts";
export { mediumOf } from "./media.ts";
export { readView } from "./read-view.ts";
export { isAnswer, isAsked, isBefore, isBoundary, isSummary, isUsersCall, wordsOf } from "./row.ts";
export { toModelMessages } from "./to-model-messages.ts";
export { WORDS } from "./words.ts";
