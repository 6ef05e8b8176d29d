/** What is too long for a model: cut, with the whole of it kept for a week (session-model 11.4). */
export { cutOutput, type OutputLimits, saveOutput } from "./cut-output.ts";
