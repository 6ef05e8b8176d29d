export { markOf } from "./mark.ts";
export { nameOf } from "./group.ts";
export { OlderNote, SessionList } from "./session-list.tsx";
