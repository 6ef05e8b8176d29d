export { AgentWarning } from "./agent-warning.tsx";
export { SessionBody, SessionView } from "./session-view.tsx";
