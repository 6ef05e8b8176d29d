/** What the models are told beside what was said: who they are, where they are, and what the project wants of them. */
export { type AgentName, COMPACTION_TEXT, MAX_STEPS_TEXT, TITLE_TEXT } from "./agents.ts";
export { type Instructions, loadInstructions, nearerInstructions } from "./instructions.ts";
export { instructionSources } from "./sources.ts";
export { instructionsText, systemPrompt } from "./system-prompt.ts";
