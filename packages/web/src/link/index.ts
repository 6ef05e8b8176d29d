export { decoded, takeFragment } from "./fragment.ts";
export { DeadLink, OpenAgain } from "./notices.tsx";
export { Trouble } from "./trouble.tsx";
