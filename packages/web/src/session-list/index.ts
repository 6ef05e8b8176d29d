export { markOf } from "./mark.ts";
export { nameOf } from "./group.ts";
export { SessionList } from "./session-list.tsx";
