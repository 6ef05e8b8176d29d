/** What other suites use of the matrix: the agents, prepared to run on the scripted model. */
export { type AgentId, matrixAgent } from "./agents.ts";
