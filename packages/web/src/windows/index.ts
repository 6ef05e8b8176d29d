export { browserTabs, type Heard, type Tabs, SharedStream } from "./shared-stream.ts";
export { takeStreamSlot } from "./stream-slots.ts";
