export { browserMeeting, type Heard, type Meeting, SharedStream } from "./shared-stream.ts";
export { takeStreamSlot } from "./stream-slots.ts";
