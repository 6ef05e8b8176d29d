/** The agent of a turn: opened, and told what it did not see. */
export { notesFor } from "./notes-for.ts";
export { faultEnding, openAgent, type OpenedAgent, openFailureOf } from "./open-agent.ts";
