export { createEvents, type Events } from "./hub.ts";
export type { Control, EventStore, LogEvent, Resume, Target } from "./log.ts";
export { type EndReason, QUEUE_BYTES, type Sink } from "./subscriber.ts";
