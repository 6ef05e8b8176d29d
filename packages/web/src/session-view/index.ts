export { SessionBody, SessionView } from "./session-view.tsx";
