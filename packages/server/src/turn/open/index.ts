/** The agent of a turn: opened, and told what it did not see. */
export { cutText } from "./cut-text.ts";
export { HANDOFF_BYTES, TEXT_BYTES } from "./handoff.ts";
export { notesFor } from "./notes-for.ts";
export { faultEnding, openAgent, type OpenedAgent, openFailureOf } from "./open-agent.ts";
