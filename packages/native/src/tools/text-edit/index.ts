/** What a text becomes: pure, in the form of its file, and nothing else of it changes. */
export { applyHunks } from "./apply-hunks.ts";
export { parsePatch, type PatchStep } from "./parse-patch.ts";
export { replaceIn } from "./replace.ts";
