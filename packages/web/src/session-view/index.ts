export { SessionView } from "./session-view.tsx";
