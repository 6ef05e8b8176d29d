/** Work on foreign patterns and documents, in a thread that is ended when it takes too long. */
export { findLines, type FoundLine, matchNames, toMarkdown } from "./ask-thread.ts";
